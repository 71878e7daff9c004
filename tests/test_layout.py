"""Tests mirror the package: the tests of ``biggan_directions/x/y.py`` are in ``tests/x/test_y.py``."""

from pathlib import Path

import biggan_directions

PACKAGE, TESTS = Path(biggan_directions.__file__).parent, Path(__file__).parent

# The exceptions: parts that nobody calls alone, and the file that tests them with what they are a part of.
WITHIN = {
    "generators/biggan_deep/test_frozen_biggan.py": [
        *("block", "block_by_hand", "folding", "last_block", "last_block_by_hand"),
        *("../folded/affine_terms", "../folded/attention", "../folded/folded_generator", "../folded/layer"),
        *("../folded/subpixel", "../folded/to_rgb", "../folded/kernels/attention_by_hand"),
        *("../folded/kernels/by_hand", "../folded/kernels/operations", "../folded/kernels/switch"),
    ],
    "generators/biggan/test_weights_file.py": ["../weights/tensor_check"],
    "generators/biggan/test_hierarchical_biggan.py": [
        *("conditioning", "image_layer", "image_layer_by_hand", "residual_block", "residual_block_by_hand"),
    ],
    "toybox/test_factors.py": ["scene", "toys"],
    "toybox/test_packed.py": ["names", "network", "train"],
    "fashion/test_shipped.py": ["clothes", "feature_network", "image_spreads"],
    "learning/test_run.py": ["result", "state", "../solvers/evaluator"],
    "metrics/test_factor_changes.py": ["../factor_records"],
    "metrics/test_measures.py": ["figure"],
    "metrics/test_scoring.py": ["common_latents"],
    "runs/test_learn.py": ["observer"],
    "commands/test_score.py": ["factor_tables", "../metrics/tables"],
    "training/test_trainer.py": ["moments", "new_networks"],
    "runs/test_training_run.py": ["penalty_report", "trained_model"],
    "commands/test_render.py": ["../runs/account"],
    "commands/test_own_generator.py": ["opening"],
    "commands/test_train.py": ["curves", "evaluating"],
    "commands/test_learn.py": ["dry_run"],
    "test_directions.py": ["bare_matrix", "files/directions_content"],
    "published/test_sets.py": ["published_set"],
    "solvers/test_registry.py": ["../plugins"],
    "test_cli.py": [
        *("__main__", "errors", "version", "commands/classes", "commands/demo"),
        *("commands/options", "commands/terminal"),
    ],
}


def test_every_module_has_a_test_file_of_its_own_or_is_an_exception() -> None:
    own = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    lacking = {module for module in own if not (TESTS / module.with_name(f"test_{module.name}")).exists()}
    within = {(TESTS / file).parent / f"{part}.py" for file, parts in WITHIN.items() for part in parts}
    assert lacking == {path.resolve().relative_to(TESTS) for path in within}


def test_the_files_of_the_exceptions_are_there() -> None:
    assert [file for file in WITHIN if not (TESTS / file).is_file()] == []
