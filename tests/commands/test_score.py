"""One number wherever it is shown; tables of several files; scorecards that are kept."""

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from biggan_directions import Directions
from biggan_directions.cli import app
from biggan_directions.generators import ImageClass
from biggan_directions.measured import measured
from biggan_directions.scores import MEASURES, Measure
from tests.rendering.test_gallery import data_of

SHORT = ("--latents", "2", "--no-baselines")


def run(*arguments: str | Path, code: int = 0) -> str:
    """What a command prints on stdout, or an error's text."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], env={"COLUMNS": "80"})
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else str(done.exception)


LEARN = ("--class", "1", "--ndirs", "2", "--search-dims", "4", "--latents", "4", "--score-latents", "3")


@pytest.fixture(scope="module")
def learnt(net: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A file that `learn` wrote, and what it printed as JSON."""
    folder = tmp_path_factory.mktemp("learnt")
    printed = run("learn", "--model", net, *LEARN, "--out", folder, "--json")
    return folder / "directions.pt", json.loads(printed)


@pytest.fixture
def file(learnt: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of that file and of its scorecard."""
    for name in ("directions.pt", "scorecard.json"):
        (tmp_path / name).write_bytes(learnt[0].with_name(name).read_bytes())
    return tmp_path / "directions.pt"


def _row(table: str, index: int) -> list[str]:
    """The cells of a direction's row in a printed table."""
    return next(line.split() for line in table.splitlines() if re.match(rf" *{index} ", line))


def test_the_same_number_stands_wherever_it_is_shown(learnt: tuple[Path, dict[str, Any]], file: Path) -> None:
    """The file, inspect, name, learn --json, scorecard.json, the page, and the live page's source."""
    printed = learnt[1]
    card = json.loads(file.with_name("scorecard.json").read_text())
    scored = card["sets"][0]["directions"]
    assert card["latents"] == printed["latents"] == 3
    inspected = json.loads(run("inspect", file, "--json"))
    assert (inspected["measures_from"], inspected["measured_at"]) == ("scorecard.json", 3)
    found = Directions.load(file)
    assert found.score_latents == 3
    run("render", file, "--samples", "1", "--frames", "4")
    page = file.with_name("gallery.html").read_text(encoding="utf-8")
    tables = [run("inspect", file), run("name", file, "0=first")]
    for index in range(2):
        for key in ("effect", "penalty"):
            value = scored[index][key]["value"]
            assert printed["directions"][index][key] == scored[index][key]
            assert inspected["measures"][index][key] == value
            assert inspected["measures"][index][f"{key}_error"] == scored[index][key]["error"]
            assert float(getattr(found, key)[index]) == pytest.approx(value, rel=1e-6)
            assert getattr(measured(found, file), key)[index] == Measure(**scored[index][key])
            assert Measure(value=value).words in page
            for table in tables:
                assert any(cell.startswith(f"{value:.3f}±") for cell in _row(table, index))
    assert data_of(page)["directions"][0]["index"] == 0
    # without the scorecard, the file's own figures are the same ones
    file.with_name("scorecard.json").unlink()
    alone = json.loads(run("inspect", file, "--json"))
    assert (alone["measures_from"], alone["measured_at"]) == ("directions.pt", 3)
    for index in range(2):
        assert alone["measures"][index]["effect"] == pytest.approx(scored[index]["effect"]["value"], rel=1e-6)


def test_a_linear_direction_is_called_so_wherever_its_penalty_would_stand(net: Path, file: Path) -> None:
    """inspect and its JSON, learn --resume --json, and the page."""
    place = file.with_name("scorecard.json")
    card = json.loads(place.read_text())
    assert not any(one["linear"] for one in card["sets"][0]["directions"])
    card["sets"][0]["directions"][1] |= {"linear": True, "penalty": {"value": None, "error": None}}
    place.write_text(json.dumps(card))
    table = run("inspect", file)
    assert _row(table, 1)[2] == "linear"
    assert "±" in _row(table, 0)[2]
    told = json.loads(run("inspect", file, "--json"))["measures"]
    assert [one["linear"] for one in told] == [False, True]
    assert told[1]["penalty"] is None
    resumed = json.loads(run("learn", "--model", net, *LEARN, "--out", file.parent, "--resume", "--json"))
    assert [one["linear"] for one in resumed["directions"]] == [False, True]
    run("render", file, "--samples", "1", "--frames", "4")
    page = file.with_name("gallery.html").read_text(encoding="utf-8")
    assert page.count("<dd>linear</dd>") == 1


def test_a_linear_direction_is_called_so_without_the_scorecard_too(file: Path) -> None:
    """A file that was sent to somebody: inspect, name and the page."""
    replace(Directions.load(file), linear=(False, True)).save(file)
    file.with_name("scorecard.json").unlink()
    for table in (run("inspect", file), run("name", file, "0=first")):
        assert _row(table, 1)[2] == "linear"
        assert _row(table, 0)[-2] != "linear"
    told = json.loads(run("inspect", file, "--json"))["measures"]
    assert [one["linear"] for one in told] == [False, True]
    run("render", file, "--samples", "1", "--frames", "4")
    page = file.with_name("gallery.html").read_text(encoding="utf-8")
    assert page.count("<dd>linear</dd>") == 1


def test_the_verdict_leads_with_what_is_wrong(file: Path) -> None:
    found = Directions.load(file)
    replace(found, stability=torch.tensor([1.0, 0.99])).save(file)
    sound = run("score", file, *SHORT, "--force").splitlines()
    assert sound[1].startswith("→ ")
    replace(found, stability=torch.tensor([0.614, 1.0])).save(file)
    verdict = run("score", file, *SHORT, "--force").splitlines()
    assert verdict[1].startswith("! direction 0 depends on the latents")
    assert verdict[2] == sound[1]


def test_a_low_stability_is_marked_and_explained_wherever_it_is_shown(net: Path, file: Path) -> None:
    """inspect, name, learn --resume --json, score in every format, its scorecard, and the page."""
    found = Directions.load(file)
    assert found.stability is not None  # the default solver can tell it
    card = json.loads(file.with_name("scorecard.json").read_text())["sets"][0]["directions"]
    assert [one["stability"] for one in card] == pytest.approx(found.stability.tolist())
    loose = torch.tensor([0.614, float("nan")])
    replace(found, stability=loose).save(file)
    says = "! direction 0 depends on the latents at which it was learnt (stability 0.61): learn fewer"
    for table in (run("inspect", file), run("name", file, "0=first"), run("score", file, *SHORT, "--force")):
        assert "0.61 !" in " ".join(_row(table, 0))
        assert _row(table, 1)[-1] == "–"
        assert says in " ".join(table.split())
    asked = ("learn", "--model", net, *LEARN, "--out", file.parent, "--resume", "--json")
    for rows in (
        json.loads(run("inspect", file, "--json"))["measures"],
        json.loads(run(*asked))["directions"],
        json.loads(file.with_name("scorecard.json").read_text())["sets"][0]["directions"],
        json.loads(run("score", file, *SHORT, "--json"))["sets"][0]["directions"],
    ):
        assert [row["stability"] for row in rows] == [pytest.approx(0.614), None]
    mean, *rows = csv.DictReader(io.StringIO(run("score", file, *SHORT, "--format", "csv")))
    assert [float(row["stability"]) for row in (mean, rows[0])] == pytest.approx([0.614, 0.614])
    assert rows[1]["stability"] == ""
    assert r"stability $\uparrow$" in run("score", file, *SHORT, "--format", "latex")
    for _ in range(2):  # with the scorecard, and without
        run("render", file, "--samples", "1", "--frames", "4")
        page = file.with_name("gallery.html").read_text(encoding="utf-8")
        assert page.count("<dd>0.61 !</dd>") == 1
        assert says in page
        file.with_name("scorecard.json").unlink(missing_ok=True)
    run("render", file, "--samples", "1", "--frames", "4", "--directions", "1")
    assert "! direction 0" not in file.with_name("gallery_part.html").read_text(encoding="utf-8")


def test_a_stability_is_judged_by_what_was_asked_for_and_left_out_where_unknown(file: Path) -> None:
    found = Directions.load(file)
    settled = {**found.solver, "agreement": 0.6}
    replace(found, stability=torch.tensor([0.614, 0.7]), solver=settled).save(file)
    shown = run("inspect", file)
    assert "0.61" in shown
    assert "!" not in shown
    replace(found, stability=None).save(file)
    for text in (run("inspect", file), run("score", file, *SHORT, "--force")):
        assert "lity ↑" not in text  # the second half of the column's heading
        assert "stability ↑" not in text


def test_learn_carries_each_number_once(net: Path, learnt: tuple[Path, dict[str, Any]]) -> None:
    printed = learnt[1]
    assert set(printed) == {"path", "latents", "directions", "means", "paper_penalty"}
    rows = printed["directions"]
    assert [(row["direction"], row["name"]) for row in rows] == [(0, ""), (1, "")]
    for key in ("effect", "penalty", "overlap", "unevenness", "steadiness"):
        mean = sum(row[key]["value"] for row in rows) / len(rows)
        assert printed["means"][key] == pytest.approx(mean)
    again = run("learn", "--model", net, *LEARN, "--out", learnt[0].parent, "--resume", "--json")
    assert json.loads(again)["directions"][0]["effect"] == rows[0]["effect"]


def test_score_gives_the_figures_of_learn_again(file: Path) -> None:
    learnt = json.loads(file.with_name("scorecard.json").read_text())
    said = CliRunner().invoke(app, ["score", str(file), "--latents", "3"])
    assert said.exit_code == 0, said.output
    scored = json.loads(file.with_name("scorecard.json").read_text())
    assert scored["sets"][0] == learnt["sets"][0]
    assert len(scored["sets"]) > 1
    assert "replaces" not in said.stderr  # nothing is lost
    fewer = CliRunner().invoke(app, ["score", str(file), *SHORT, "--force"])
    assert fewer.exit_code == 0, fewer.output
    replaced = "it replaces the scorecard that was there: 3 latents, with baselines (seed 0; net"
    assert replaced in " ".join(fewer.stderr.split())
    usual = json.loads(run("score", file, "--no-baselines", "--json"))
    assert (usual["latents"], usual["seed"]) == (16, 0)


def test_a_scorecard_of_more_latents_is_shown_and_moves_no_animation_further(file: Path) -> None:
    before = Directions.load(file)
    run("render", file, "--samples", "1", "--frames", "4")
    distances = [one["distance"] for one in data_of(file.with_name("gallery.html").read_text())["directions"]]
    run("score", file, "--latents", "5", "--no-baselines")
    assert measured(before, file).latents == 5
    run("render", file, "--samples", "1", "--frames", "4", "--resume")
    page = data_of(file.with_name("gallery.html").read_text())
    assert [one["distance"] for one in page["directions"]] == distances
    shown = json.loads(run("inspect", file, "--json"))
    assert shown["measured_at"] == 5
    assert shown["measures"][0]["effect"] != pytest.approx(float(before.effect[0]), rel=1e-4)


def test_a_scorecard_of_other_directions_or_of_fewer_latents_is_not_shown(file: Path) -> None:
    found = Directions.load(file)
    assert "kept" in run("score", file, *SHORT)  # two latents, and learn's has three
    assert json.loads(file.with_name("scorecard.json").read_text())["latents"] == 3
    assert "wrote" in run("score", file, *SHORT, "--force")
    shown = measured(found, file)
    assert (shown.latents, shown.source, shown.scorecard) == (3, "directions.pt", None)
    assert "it has 2 latents" in shown.note
    turned = replace(found, directions=found.directions.flip(0))
    assert measured(turned, file).note == ""
    file.with_name("scorecard.json").write_text("{")
    assert "not shown" in measured(found, file).note


def test_a_better_scorecard_is_kept_unless_forced_and_an_old_page_is_told(file: Path) -> None:
    place = file.with_name("scorecard.json")
    page = file.with_name("gallery.html")
    page.write_text("an old page")
    os.utime(page, (1, 1))
    said = run("score", file, "--latents", "4")
    assert "wrote" in said
    flat = " ".join(said.split())
    assert "gallery.html is older than the scorecard" in flat
    assert f"biggan-directions render {file}" in flat
    with_baselines = place.read_bytes()
    for weaker in (("--latents", "3"), ("--latents", "8", "--no-baselines")):
        said = run("score", file, *weaker)
        assert "it has 4 latents, with baselines" in " ".join(said.split())
        assert place.read_bytes() == with_baselines
    run("score", file, "--latents", "3", "--no-baselines", "--force")
    assert json.loads(place.read_text())["latents"] == 3


def test_a_bare_matrix_keeps_its_scorecard_beside_it_and_its_page_shows_it(net: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    torch.save(torch.eye(4)[:2], path)
    (tmp_path / "scorecard.json").write_text("another file's")
    of = ("--model", net, "--class", "1")
    assert "wrote" in run("score", path, *of, *SHORT)
    assert (tmp_path / "scorecard.json").read_text() == "another file's"
    card = json.loads((tmp_path / "mine.pt.scorecard.json").read_text())
    assert len(card["sets"][0]["directions"]) == 2
    run("render", path, *of, "--samples", "1", "--frames", "4")
    page = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    assert "on 2 fresh latents" in page
    assert Measure(value=card["sets"][0]["directions"][0]["effect"]["value"]).words in page
    table = run("inspect", path, "--model", net)
    assert "2 fresh latents, from mine.pt.scorecard.json" in " ".join(table.split())


@pytest.fixture
def several(tmp_path: Path) -> list[Path]:
    """Two matrices, of two and of three directions."""
    for name, rows in (("A.pt", torch.eye(4)[:2]), ("B.pt", torch.eye(4)[1:])):
        torch.save(rows.clone(), tmp_path / name)
    return [tmp_path / "A.pt", tmp_path / "B.pt"]


@pytest.fixture
def of(net: Path) -> tuple[str, ...]:
    """What the matrices are measured on, and at how many latents."""
    return ("--model", str(net), "--class", "1", "--latents", "2")


def test_several_files_are_rows_of_one_table(
    several: list[Path], of: tuple[str, ...], tmp_path: Path
) -> None:
    table = run("score", *several, *of)
    rows = [line.split()[0] for line in table.split("paper's")[1].splitlines()[2:8]]
    assert rows == ["A.pt", "B.pt", "random", "coordinate", "first-order", "sefa"]
    assert max(map(len, table.split("\n\n", 1)[1].splitlines()[:10])) <= 80
    assert not list(tmp_path.glob("*.json"))
    printed = json.loads(run("score", *several, *of, "--no-baselines", "--json"))
    assert [item["solver"] for item in printed["sets"]] == ["A.pt", "B.pt"]
    assert printed["sets"][1]["names"] == ["", "", ""]
    for scored in printed["sets"]:
        effects = [one["effect"]["value"] for one in scored["directions"]]
        assert scored["means"]["effect"] == pytest.approx(sum(effects) / len(effects))


def test_long_names_are_whole_in_the_table_and_a_bare_matrix_has_its_files_name(
    several: list[Path], of: tuple[str, ...], tmp_path: Path
) -> None:
    long = tmp_path / "directions_that_somebody_else_has_found_elsewhere.pt"
    several[0].rename(long)
    table = run("score", long, several[1], *of, "--no-baselines").split("paper's")[1].splitlines()
    rows = table[2 : next(index for index, line in enumerate(table) if line.startswith("B.pt"))]
    assert rows[0] == long.name
    assert re.fullmatch(r" +\d.*", rows[1])  # its figures stand below it
    assert all(len(line) <= 80 for line in rows)
    assert "…" not in "".join(table)
    alone = run("score", several[1], *of, "--no-baselines")
    assert re.search(r"^B\.pt +\d", alone, flags=re.MULTILINE)


def test_several_files_have_the_figures_that_each_has_alone(net: Path, file: Path) -> None:
    """Where they were learnt in one search space; otherwise a note says that figures differ."""
    folder = file.parent / "random"
    run("learn", "--model", net, *LEARN, "--solver", "random", "--out", folder)
    both = (file, folder / "directions.pt")
    done = CliRunner().invoke(app, ["score", *map(str, both), "--no-baselines", "--json"])
    assert done.exit_code == 0, done.output
    alone = [json.loads(run("score", path, "--no-baselines", "--json"))["sets"][0] for path in both]
    beside = json.loads(done.stdout)["sets"]
    assert [one["directions"] for one in beside] == [one["directions"] for one in alone]
    assert "figures may differ" not in done.stderr
    run("learn", "--model", net, *LEARN, "--seed", "4", "--out", folder, "--force")
    other = file.parent / "mine.pt"
    torch.save(torch.eye(Directions.load(file).z_dim)[:2], other)
    for second in (folder / "directions.pt", other):
        told = CliRunner().invoke(app, ["score", str(file), str(second), *SHORT])
        assert told.exit_code == 0, told.output
        assert " ".join(told.stderr.split()).count("may differ from those of a file scored alone") == 1


def test_files_of_one_name_are_told_apart_by_their_folders(
    several: list[Path], of: tuple[str, ...], tmp_path: Path
) -> None:
    places = [tmp_path / folder / "directions.pt" for folder in ("one", "two")]
    for place, source in zip(places, several, strict=True):
        place.parent.mkdir()
        place.write_bytes(source.read_bytes())
    printed = json.loads(run("score", *places, *of, "--no-baselines", "--format", "json"))
    assert [item["solver"] for item in printed["sets"]] == ["one/directions.pt", "two/directions.pt"]


def test_csv_and_latex_have_the_numbers_of_the_json(several: list[Path], of: tuple[str, ...]) -> None:
    asked: tuple[str | Path, ...] = ("score", *several, *of, "--no-baselines", "--format")
    plain = json.loads(run(*asked, "json"))
    rows = list(csv.DictReader(io.StringIO(run(*asked, "csv"))))
    assert [(row["set"], row["direction"]) for row in rows] == [
        ("A.pt", "mean"), ("A.pt", "0"), ("A.pt", "1"),
        ("B.pt", "mean"), ("B.pt", "0"), ("B.pt", "1"), ("B.pt", "2"),
    ]  # fmt: skip
    first = plain["sets"][0]["directions"][0]
    assert float(rows[1]["effect"]) == first["effect"]["value"]
    assert float(rows[1]["penalty_error"]) == first["penalty"]["error"]
    assert float(rows[0]["effect"]) == plain["sets"][0]["means"]["effect"]
    errors = [one["effect"]["error"] for one in plain["sets"][0]["directions"]]
    assert float(rows[0]["effect_error"]) == pytest.approx(sum(errors) / len(errors))
    assert plain["sets"][0]["mean_errors"]["effect"] == float(rows[0]["effect_error"])
    assert float(rows[0]["paper_penalty_error"]) == plain["sets"][0]["paper_penalty"]["error"]
    assert "recovery_error" not in rows[0]  # recovery is not measured at latents
    assert all(rows[0][f"{key}_error"] for key in ("penalty", "overlap", "unevenness"))
    latex = run(*asked, "latex")
    assert r"penalty $\downarrow$" in latex
    assert latex.count(r"\\") == 3
    assert Measure(value=plain["sets"][1]["means"]["overlap"]).words in latex
    assert r"\textbf{" in latex
    mean = Measure(value=plain["sets"][1]["means"]["effect"], error=plain["sets"][1]["mean_errors"]["effect"])
    assert f"{mean.words} {mean.error_words}".replace("±", r"$\pm$") in latex


def test_a_figure_is_written_as_svg_or_pdf(several: list[Path], of: tuple[str, ...], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run("score", *several, *of, "--figure", tmp_path / "scores.svg")
    text = (tmp_path / "scores.svg").read_text(encoding="utf-8")
    assert all(word in text for word in ("A.pt", "B.pt", "first-order", "penalty ↓", "effect"))
    run("score", several[0], *of, "--no-baselines", "--figure", tmp_path / "scores.pdf")
    assert (tmp_path / "scores.pdf").read_bytes().startswith(b"%PDF")
    assert "neither an SVG nor a PDF" in run(
        "score", *several, *of, "--figure", tmp_path / "scores.gif", code=1
    )


def test_without_matplotlib_a_figure_names_the_extra(
    several: list[Path], of: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    said = run("score", *several, *of, "--figure", tmp_path / "scores.svg", code=1)
    assert "biggan-directions[figures]" in said


def test_tables_say_which_way_is_better_and_fit_eighty_columns(file: Path) -> None:
    table = run("score", file, "--latents", "2")
    lines = table.splitlines()
    assert (
        max(len(line) for line in lines[2:20] if not line.startswith(("! ", "→ "))) <= 80
    )  # a sentence is no table
    assert "in the file's order" in table
    for measure in MEASURES[1:]:  # this generator's truth is not known
        assert measure.heading in table
    assert "recovery" not in table
    heads = next(index for index, line in enumerate(lines) if line.startswith(" ") and "weakest" in line)
    assert lines[heads + 1].split().count("↓") == 3
    assert "*" in lines[heads + 1]
    assert "*: the paper's penalty" in " ".join(table.split())


def test_files_of_different_classes_need_a_class(file: Path, tmp_path: Path) -> None:
    found = Directions.load(file)
    other = tmp_path / "other.pt"
    replace(found, classes=(ImageClass(0, "other"),)).save(other)
    said = run("score", file, other, *SHORT, code=1)
    assert "--class" in said
    assert "one file" in run("score", file, other, "--seeds", "1", code=1)


@pytest.mark.slow
def test_image_factors_are_shown_for_a_uniform_background_and_kept(tmp_path: Path) -> None:
    """On fashion: a row a direction, for several classes their agreement; the same figures everywhere."""
    rows = tmp_path / "rows.npy"
    np.save(rows, np.eye(32)[:2])
    on = ("--model", "fashion", "--class", "dress", "--class", "sneaker")
    table = run("score", rows, *on, *SHORT)
    assert "in standard deviations of real images within each class" in " ".join(table.split())
    card = json.loads((tmp_path / "rows.npy.scorecard.json").read_text())
    assert "dress" in card["classes"]
    scale, found = card["image_factors"], [one["image_factors"] for one in card["sets"][0]["directions"]]
    assert scale["images"] == 16 + 16 * 2 * 2
    assert f"{scale['images']} images" in " ".join(table.split())
    shown = table.split("symmetry")[0] if "symmetry" in table else table
    for one in found:
        assert all(f"{change:+.2f}" in shown for change in one["changes"])
        words = f"{one['agreement']['mean']:.2f}, {one['agreement']['worst']}"
        assert words in table
    lines = table.splitlines()
    first = next(index for index, line in enumerate(lines) if "width height" in line)
    assert max(len(line) for line in lines[first : first + 4]) <= 80
    printed = json.loads(run("score", rows, *on, *SHORT, "--json"))
    assert printed["image_factors"] == scale
    assert [one["image_factors"] for one in printed["sets"][0]["directions"]] == found


def test_image_factors_are_not_shown_for_other_backgrounds(file: Path) -> None:
    assert "image factors" not in run("score", file, *SHORT)
    assert json.loads(file.with_name("scorecard.json").read_text())["image_factors"] is None


@pytest.mark.slow
def test_one_set_over_all_classes_of_fashion_is_learnt_drawn_scored_and_inspected(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    learn = ("learn", "--model", "fashion", "--class", "all", "--ndirs", "2", "--search-dims", "4")
    run(*learn, "--latents", "2", "--score-latents", "2", "--out", folder)
    file = folder / "directions.pt"
    table = run("score", file, *SHORT)
    card = json.loads((folder / "scorecard.json").read_text())
    for direction in card["sets"][0]["directions"]:
        found = direction["image_factors"]["agreement"]
        assert list(found["by_class"]) == card["classes"]
        assert found["worst"] == min(found["by_class"], key=found["by_class"].get)
        assert f"{found['mean']:.2f}, {found['worst']} {found['by_class'][found['worst']]:.2f}" in table
    assert card["image_factors"]["images"] == 16 + 40 * 2 * 2  # four latents for each of ten classes
    run("render", file, "--samples", "1", "--frames", "4")
    assert "agreement of classes" in (folder / "gallery.html").read_text(encoding="utf-8")
    assert len(json.loads(run("inspect", file, "--json"))["measures"]) == 2
