"""The tool's own promises: it counts right, and a run of nothing is no success."""

import threading
import time
from collections import Counter

import pytest

from devtool import lint, reports, testing
from devtool.errors import DevError

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
        ([], {"tests/unit", "tests/system"}),
        (["-k", "billing"], {"tests/unit", "tests/system"}),
        (["tests/unit"], {"tests/unit"}),
        (["tests/system/test_core_lint.py"], {"tests/system"}),
        (["tests"], {"tests/unit", "tests/system"}),
    ],
)
def test_paths_choose_the_stages(arguments, wanted, monkeypatch):
    monkeypatch.chdir(testing.ROOT)
    chosen = {s.folder for s in testing.STAGES if testing.is_wanted(s, arguments)}
    assert chosen & {"tests/unit", "tests/system"} == wanted


def test_a_registry_host_is_found_by_name():
    host = ".".join(["files", "pythonhosted", "org"]).encode()
    assert lint.REGISTRY_HOST.search(b"from https://" + host + b"/x")
    assert not lint.REGISTRY_HOST.search(b"Debian's packages, PyPI's wheels")


def test_the_parts_of_a_folder_are_its_files_each_once():
    parts = [stage for stage in testing.STAGES if stage.name.startswith("addon")]
    files = [file for stage in parts for file in stage.files()]
    assert len(parts) == parts[0].parts > 1
    assert sorted(files) == sorted((testing.ROOT / parts[0].folder).glob("test_*.py"))


def test_a_file_is_run_by_its_part_only(monkeypatch):
    monkeypatch.chdir(testing.ROOT)
    parts = [stage for stage in testing.STAGES if stage.name.startswith("addon")]
    name = f"{parts[0].folder}/{parts[1].files()[0].name}::TestIt"
    wanted = [stage.name for stage in parts if testing.is_wanted(stage, [name])]
    assert wanted == [parts[1].name]
    own = testing._own_arguments(parts[1], ["-k", "billing", name])
    assert own == ["-k", "billing", name]


def test_two_at_a_time_and_who_is_done_helps_the_other():
    started, going_on = threading.Barrier(2, timeout=20), []

    def meet():
        started.wait()
        return "met"

    def note(name):
        going_on.append(threading.get_ident())
        return name

    short, long = [meet], [meet, lambda: note("a"), lambda: note("b")]
    assert sorted(testing.work_off((short, long))) == ["a", "b", "met", "met"]
    assert testing.work_off(([], [lambda: note("c")])) == ["c"]


def test_where_one_line_breaks_off_the_other_ends_with_what_it_is_at():
    failing, done = threading.Event(), []

    def fail():
        failing.set()
        raise DevError("no disk")

    def wait_for_it():
        failing.wait(20)
        time.sleep(0.1)

    with pytest.raises(DevError):
        testing.work_off(([fail], [wait_for_it, lambda: done.append("more")]))
    assert not done


BROWSER = next(stage for stage in testing.STAGES if stage.folder == "tests/browser")
# Two files of that stage, and a test in each.
FIRST, SECOND = BROWSER.files()[:2]
TESTS = [f"tests.browser.{file.stem}::test_it" for file in (FIRST, SECOND)]


@pytest.fixture
def first_try():
    """In the browser two tests have failed, and one has passed."""
    result = reports.Result(BROWSER.name)
    for test in TESTS:
        result.add(test, "failed", "too slow")
    result.add(f"{TESTS[0]}_too", "passed")
    return result


def make_second_try(test, outcome):
    result = reports.Result(BROWSER.name)
    result.add(test, outcome, "again")
    return result


def test_what_passes_at_the_second_try_has_passed_and_is_named(first_try, capsys):
    first_try.try_again(make_second_try(TESTS[0], "passed"))
    first_try.try_again(make_second_try(TESTS[1], "failed"))

    assert first_try.counts == Counter(passed=2, failed=1)
    assert reports.show([first_try]) == 1
    lines = capsys.readouterr().out.splitlines()
    failed = lines.index(f"FAILED [{BROWSER.name}] {TESTS[1]}")
    told = lines.index(f"passed at the second try [{BROWSER.name}] {TESTS[0]}")
    assert failed < told
    assert lines[told + 1] == "    too slow"
    assert lines[-1] == "2 passed, 1 failed"


def test_all_that_failed_passing_at_the_second_try_is_a_success(first_try):
    for test in TESTS:
        first_try.try_again(make_second_try(test, "passed"))
    assert reports.show([first_try]) == 0


def test_each_file_of_what_failed_in_the_browser_is_tried_again_alone(
    first_try, monkeypatch
):
    monkeypatch.chdir(testing.ROOT)
    tried = []

    def run_pytest(_stage, _workshop, arguments, _name, live):
        tried.append(arguments)
        assert live
        return make_second_try(TESTS[len(tried) - 1], "passed")

    monkeypatch.setattr(testing, "_run_pytest", run_pytest)
    testing._try_again(None, testing.STAGES, ["-v", "tests/browser"], first_try)
    assert tried == [["-v", str(FIRST)], ["-v", str(SECOND)]]
    assert first_try.counts == Counter(passed=3, failed=0)


@pytest.mark.parametrize(
    ("stage", "test"),
    [
        ("system 1 of 2", "tests.system.test_demo::test_it"),
        ("lint", "ruff check"),
        # pytest broke off, and says nothing of any test.
        (BROWSER.name, BROWSER.name),
    ],
)
def test_nothing_else_is_tried_again(stage, test, monkeypatch):
    monkeypatch.setattr(testing, "_run_pytest", None)
    result = reports.Result(stage)
    result.add(test, "failed", "wrong")
    testing._try_again(None, testing.STAGES, [], result)
    assert result.counts == Counter(failed=1)
