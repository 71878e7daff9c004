"""The published sets: figures from both repositories' visualisation scripts, names from their READMEs."""

from __future__ import annotations

import difflib

from biggan_directions.errors import UsageError
from biggan_directions.published.published_set import Publication, PublishedSet

_GOLDEN_RETRIEVER, _CHURCH = 207, 497

HESSIAN_PENALTY = Publication(
    paper="The Hessian Penalty (ECCV 2020, arXiv:2008.10599)",
    repository="wpeebles/hessian_penalty",
    commit="559a270",
    folder="biggan_discovery/checkpoints/directions",
    license="BSD-2-Clause",
    copyright="Copyright (c) 2020, Bill Peebles",
    license_file="LICENSE.hessian_penalty.txt",
)
OROJAR = Publication(
    paper="OroJaR (ICCV 2021, arXiv:2108.07668)",
    repository="csyxwei/OroJaR",
    commit="ebb8c03",
    folder="biggan_discovery/checkpoints/directions/orojar",
    license="BSD-2-Clause",
    copyright="Copyright (c) 2021, Yuxiang Wei",
    license_file="LICENSE.orojar.txt",
)

SETS: tuple[PublishedSet, ...] = (
    PublishedSet(
        name="goldens",
        publication=HESSIAN_PENALTY,
        file="our_goldens.pt",
        sha256="393a09048e089b343bfd83531bcc5ae34fcd39b2212a0d47d475577dbbe37933",
        class_index=_GOLDEN_RETRIEVER,
        part="all",
        path_size=2.5,
        seed=750,
        effects={5: "rotation", 6: "zoom", 8: "smoosh"},
    ),
    PublishedSet(
        name="goldens_coarse",
        publication=HESSIAN_PENALTY,
        file="our_goldens_coarse.pt",
        sha256="ea4a1bf844c32558d95ba6d1b50b7b7209bef40dcf2176bf19b5deb06a92f8de",
        class_index=_GOLDEN_RETRIEVER,
        part="coarse",
        path_size=2.5,
        seed=750,
    ),
    PublishedSet(
        name="goldens_mid",
        publication=HESSIAN_PENALTY,
        file="our_goldens_mid.pt",
        sha256="a7ea15fcc1fefac4cf966541638c97e61bcaa87b6450f973b463326054803ec5",
        class_index=_GOLDEN_RETRIEVER,
        part="mid",
        path_size=3.5,
        seed=750,
        effects={0: "background removal", 5: "colourisation", 8: "scene light", 25: "object light"},
    ),
    PublishedSet(
        name="goldens_fine",
        publication=HESSIAN_PENALTY,
        file="our_goldens_fine.pt",
        sha256="3b5b34a8f8ecfce0199d88b595e0ee011cf249e2ee791b80987765204b1b96e1",
        class_index=_GOLDEN_RETRIEVER,
        part="fine",
        path_size=6.0,
        seed=750,
        effects={1: "red", 5: "brightness", 13: "white", 20: "saturation"},
    ),
    PublishedSet(
        name="church",
        publication=HESSIAN_PENALTY,
        file="our_church.pt",
        sha256="c938bd7a4d3c1644034f885b121a66fa0c61f4fec8587b7c31ff6318838b1c08",
        class_index=_CHURCH,
        part="all",
        path_size=3.5,
        seed=0,
        effects={4: "rotation", 14: "shift", 55: "colourisation"},
    ),
    PublishedSet(
        name="orojar_goldens_coarse",
        publication=OROJAR,
        file="goldens_coarse.pt",
        sha256="136f3a6191655ce6006b82dd57a6d829fe8250c8dd1aad293da04d45db7958d3",
        class_index=_GOLDEN_RETRIEVER,
        part="coarse",
        path_size=2.5,
        seed=750,
        effects={0: "rotation", 7: "zoom", 9: "smoosh"},
    ),
    PublishedSet(
        name="orojar_goldens_mid",
        publication=OROJAR,
        file="goldens_mid.pt",
        sha256="2e2a8850b474dd8babff13b29f1fef9e79387c2c3a3f3696f2f86adfa2dc3c6e",
        class_index=_GOLDEN_RETRIEVER,
        part="mid",
        path_size=3.5,
        seed=750,
        effects={0: "background removal", 2: "object light", 8: "scene light", 21: "colourisation"},
    ),
    PublishedSet(
        name="orojar_goldens_fine",
        publication=OROJAR,
        file="goldens_fine.pt",
        sha256="666e04c6b6738d636a890169cb7aea22708107024ccd7a67fadb02d676798c39",
        class_index=_GOLDEN_RETRIEVER,
        part="fine",
        path_size=8.0,
        seed=750,
        effects={4: "brightness", 5: "red", 17: "saturation", 34: "green"},
    ),
    PublishedSet(
        name="orojar_church_coarse",
        publication=OROJAR,
        file="church_coarse.pt",
        sha256="810a62209c7303ff5b17717d8cc73614fca12d340e64a274ed8476298b7c5f94",
        class_index=_CHURCH,
        part="coarse",
        path_size=2.5,
        seed=0,
        effects={0: "rotation", 7: "zoom", 9: "shift"},
    ),
    PublishedSet(
        name="orojar_church_mid",
        publication=OROJAR,
        file="church_mid.pt",
        sha256="24ad7c115eae06c311789ace5236c15cc1356e8120ca868a340880c6a7ecb929",
        class_index=_CHURCH,
        part="mid",
        path_size=3.5,
        seed=0,
        effects={3: "colourisation", 4: "object light", 6: "light"},
    ),
    PublishedSet(
        # its README lists four names that are those of the Hessian Penalty's goldens: they are left out
        name="orojar_church_fine",
        publication=OROJAR,
        file="church_fine.pt",
        sha256="ae872b4c3db8fb123ddbf33968752716223fd8f36b775b80705af0af642252a8",
        class_index=_CHURCH,
        part="fine",
        path_size=8.0,
        seed=0,
    ),
)


def find_set(name: str) -> PublishedSet:
    """The published set of this name.

    Raises:
        UsageError: there is none.

    >>> find_set("goldens_mid").effects[0]
    'background removal'
    """
    for known in SETS:
        if known.name == name:
            return known
    alike = difflib.get_close_matches(name, [known.name for known in SETS], n=1)
    meant = f"did you mean {alike[0]}?" if alike else "biggan-directions published lists them"
    raise UsageError(f"there is no published set '{name[:80]}': {meant}")
