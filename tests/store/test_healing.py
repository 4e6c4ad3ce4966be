"""A kill between the note of a token and its part loses nothing: the replay is not taken for a repetition."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from andiron.server.store.healing import mend

INSERT = """
import sys
from pathlib import Path
from andiron.server.store.embedded import EmbeddedEngine
engine = EmbeddedEngine(Path(sys.argv[1]))
engine.command("CREATE TABLE IF NOT EXISTS kept (n UInt64) ENGINE = MergeTree ORDER BY n "
    "SETTINGS non_replicated_deduplication_window = 100")
for token in ("one", "two"):
    engine.insert("default.kept", b"7\\n", format="TSV", token=token)
print(engine.query("SELECT count() FROM kept", format="TSV").decode().strip())
engine.close()
"""


def insert_twice(path: Path) -> int:
    answer = subprocess.run([sys.executable, "-c", INSERT, str(path)], capture_output=True, text=True, check=True)
    return int(answer.stdout)


@pytest.mark.requirement("AN-02")
@pytest.mark.slow
def test_a_token_whose_part_never_came_does_not_swallow_the_replay(tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert insert_twice(store) == 2
    assert insert_twice(store) == 2, "what is there is not stored again"
    (part,) = store.glob("store/*/*/all_2_2_0")
    shutil.rmtree(part)
    assert insert_twice(store) == 2, "what never came is stored by the replay"


def test_merged_parts_back_their_tokens_and_a_torn_line_goes(tmp_path: Path) -> None:
    notes = tmp_path / "deduplication_logs" / "deduplication_log_1.txt"
    notes.parent.mkdir()
    (tmp_path / "20261121_1_8_1").mkdir()
    (tmp_path / "20261121_9_9_0").mkdir()
    kept = "1\t20261121_3_3_0\tthree\n1\t20261121_9_9_0\tnine\n2\t20261121_77_77_0\tdropped\n"
    notes.write_text(kept + "1\t20261121_10_10_0\tlost\n1\t20261120_3_3_0\tanother day\n1\t20261121_9_9")
    assert mend(notes) == 3
    assert notes.read_text() == kept
    assert mend(notes) == 0
