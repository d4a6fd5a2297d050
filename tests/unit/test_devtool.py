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
    assert len(parts) == testing.PARTS
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


@pytest.fixture
def first_try():
    """Of one stage, where two files fail and a test of each."""
    result = reports.Result("browser")
    result.add("tests.browser.test_life::test_suspend", "failed", "too slow")
    result.add("tests.browser.test_story::test_story", "failed", "wrong")
    result.add("tests.browser.test_sale::test_sale", "passed")
    return result


def test_what_passes_at_the_second_try_has_passed_and_is_named(first_try, capsys):
    second = reports.Result("browser")
    second.add("tests.browser.test_life::test_suspend", "passed")
    first_try.try_again(second)
    second = reports.Result("browser")
    second.add("tests.browser.test_story::test_story", "failed", "wrong again")
    first_try.try_again(second)

    assert first_try.counts == Counter(passed=2, failed=1)
    assert reports.show([first_try]) == 1
    printed = capsys.readouterr().out
    assert "FAILED [browser] tests.browser.test_story::test_story" in printed
    told = "passed at the second try [browser] tests.browser.test_life::test_suspend"
    assert told in printed[printed.index("FAILED") :]
    assert printed.splitlines()[-1] == "2 passed, 1 failed"


def test_only_files_of_what_failed_in_the_browser_are_tried_again(
    first_try, monkeypatch
):
    monkeypatch.chdir(testing.ROOT)
    tried = []

    def pass_all(stage, _workshop, arguments, name, live):
        tried.append((arguments, name, live))
        again = reports.Result(stage.name)
        for test, _reason in first_try.failures:
            again.add(test, "passed")
        return again

    monkeypatch.setattr(testing, "_run_pytest", pass_all)
    arguments = ["-v", "tests/browser"]
    testing._try_again(None, testing.STAGES, arguments, first_try)
    folder = testing.ROOT / "tests/browser"
    files = [str(folder / "test_life.py"), str(folder / "test_story.py")]
    assert [own for own, _name, _live in tried] == [["-v", file] for file in files]
    assert first_try.counts == Counter(passed=3, failed=0)

    tried.clear()
    other = reports.Result("system")
    other.add("tests.system.test_demo::test_it", "failed", "wrong")
    broken = reports.Result("browser")
    broken.add("browser", "failed", "pytest ended with code 3")
    for result in (other, broken):
        testing._try_again(None, testing.STAGES, [], result)
        assert result.counts["failed"] == 1
    assert not tried
