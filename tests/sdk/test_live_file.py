import os
import subprocess
import sys
from pathlib import Path

import pytest

from andiron.sdk.live_file import LiveFile, left_behind


def test_a_file_is_left_behind_once_nobody_holds_it(tmp_path: Path) -> None:
    file = LiveFile(tmp_path / "deep" / "a.note")
    file.replace(b"first")
    file.replace(b"2nd")
    assert list(left_behind(tmp_path / "deep", "*.note")) == []
    file.close()
    file.close()
    os.utime(file.path, (5, 5))
    assert list(left_behind(tmp_path / "deep", "*.note")) == [(file.path, b"2nd", 5.0)]
    assert list(tmp_path.rglob("*.note*")) == []


def test_of_two_that_look_at_once_one_sees_it(tmp_path: Path) -> None:
    LiveFile(tmp_path / "a.note").close()
    first, second = left_behind(tmp_path, "*.note"), left_behind(tmp_path, "*.note")
    assert next(first)[0] == tmp_path / "a.note"
    assert list(second) == []
    assert list(first) == []


def test_one_that_vanishes_while_it_is_looked_for_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        LiveFile(tmp_path / f"{name}.note").close()
    os.utime(tmp_path / "b.note", (5, 5))
    stat = Path.stat

    def vanishing(path: Path, **more: bool) -> os.stat_result:
        if path.name == "a.note":
            path.unlink(missing_ok=True)
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert [path.name for path, _, _ in left_behind(tmp_path, "*.note")] == ["b.note"]


def test_nothing_is_left_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert list(left_behind(tmp_path / "none", "*")) == []


FORKED = """
import os
from andiron.sdk import forks

class Part:
    forked = False
    def after_fork(self):
        self.forked = True
        if self in parts[::2]:
            raise RuntimeError

parts, gone = [Part(), Part(), Part(), Part()], Part()
for part in [*parts, gone]:
    forks.survive(part)
forks.forget(gone)
child = os.fork()
if child == 0:
    os._exit(0 if all(part.forked for part in parts) and not gone.forked else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert not any(part.forked for part in parts)
"""


def test_a_child_hears_of_its_birth_and_one_parts_trouble_is_not_the_others() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60)
