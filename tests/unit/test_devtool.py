"""The tool's own promises: it counts right, and a run of nothing is no success."""

from collections import Counter

import pytest

from devtool import lint, reports, testing

JUNIT = """<testsuites><testsuite>
<testcase classname="a" name="passes"/>
<testcase classname="a" name="fails"><failure message="no">because</failure></testcase>
<testcase classname="a" name="fails"><error message="after">too</error></testcase>
<testcase classname="a" name="skips"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def junit(tmp_path):
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT)
    return path


def test_a_test_that_fails_twice_counts_once(junit):
    result = reports.read_junit("stage", junit, 1)
    assert result.counts == Counter(passed=1, failed=1, skipped=1)
    assert result.failures == [("a::fails", "because")]


def test_a_run_that_broke_off_counts_as_a_failure(tmp_path):
    result = reports.read_junit("stage", tmp_path / "missing.xml", 3)
    assert result.counts == Counter(failed=1)


def test_the_closing_line_stands_alone_and_the_code_tells(junit, capsys):
    assert reports.show([reports.read_junit("stage", junit, 1)]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "1 passed, 1 failed, 1 skipped"


def test_a_run_without_any_test_fails(capsys):
    assert reports.show([reports.Result("stage")]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_run_that_passes_says_so(capsys):
    result = reports.Result("stage")
    result.add("it", "passed")
    assert reports.show([result]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], {"plain Python", "system"}),
        (["-k", "billing"], {"plain Python", "system"}),
        (["tests/unit"], {"plain Python"}),
        (["tests/system/test_core_lint.py"], {"system"}),
        (["tests"], {"plain Python", "system"}),
    ],
)
def test_paths_choose_the_stages(arguments, wanted, monkeypatch):
    monkeypatch.chdir(testing.ROOT)
    chosen = {s.name for s in testing.STAGES if testing.is_wanted(s, arguments)}
    assert chosen & {"plain Python", "system"} == wanted


def test_a_registry_host_is_found_by_name():
    host = ".".join(["files", "pythonhosted", "org"]).encode()
    assert lint.REGISTRY_HOST.search(b"from https://" + host + b"/x")
    assert not lint.REGISTRY_HOST.search(b"Debian's packages, PyPI's wheels")


def test_the_parts_of_a_folder_are_its_files_each_once():
    parts = [stage for stage in testing.STAGES if stage.name.startswith("addon")]
    files = [file for stage in parts for file in stage.files()]
    assert len(parts) == 2
    assert sorted(files) == sorted((testing.ROOT / parts[0].folder).glob("test_*.py"))


def test_a_file_is_run_by_its_part_only(monkeypatch):
    monkeypatch.chdir(testing.ROOT)
    parts = [stage for stage in testing.STAGES if stage.name.startswith("addon")]
    name = f"{parts[0].folder}/{parts[1].files()[0].name}::TestIt"
    wanted = [stage.name for stage in parts if testing.is_wanted(stage, [name])]
    assert wanted == [parts[1].name]
    own = testing._own_arguments(parts[1], ["-k", "billing", name])
    assert own == ["-k", "billing", name]
