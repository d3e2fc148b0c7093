"""The same export as Stata, SAS, Parquet and OpenDocument files gives the same study, byte for byte."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd
import pytest
from pyreadstat import write_dta, write_xport

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import write_export
from tests.sweeps import few_fast


def write_ods(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame of texts as a sheet of an OpenDocument file."""
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = "".join(
        f"<table:table-row>{''.join(cell.format(escape(str(one))) for one in row)}</table:table-row>" for row in rows
    )
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Sheet">{lines}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{names}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", kind)
        book.writestr("content.xml", content)
        book.writestr("META-INF/manifest.xml", manifest)


WRITERS = {
    "parquet": lambda frame, path: frame.to_parquet(path),
    "dta": lambda frame, path: write_dta(frame, str(path)),
    "xpt": lambda frame, path: write_xport(frame, str(path), file_format_version=8),
    "ods": write_ods,
}


def imported(source: Path, folder: Path) -> dict[str, bytes]:
    (folder / "map.toml").write_text(draft_map(source).text, encoding="utf-8")
    made = import_study(source, folder / "map.toml", folder / source.name.replace("export", "study"))
    return {file.name: file.read_bytes() for file in sorted(made.folder.iterdir())}


@pytest.mark.parametrize("ending", few_fast(WRITERS, ["dta"]))
def test_other_files_give_the_same_study(tmp_path, ending):
    plain = write_export(tmp_path / "export_csv")
    other = tmp_path / "export_other"
    other.mkdir()
    for name in ("sessions", "scores", "patients"):
        frame = pd.read_csv(plain / f"{name}.csv", dtype=str, keep_default_na=False)
        frame = frame.rename(columns={column: column.replace(" ", "_") for column in frame})
        WRITERS[ending](frame, other / f"{name}.{ending}")
    assert imported(other, tmp_path) == imported(plain, tmp_path)


def test_user_missing_codes_of_stata_are_missing(tmp_path):
    source = write_export(tmp_path / "export")
    frame = pd.DataFrame(
        {"patient_id": [1001.0, 1002.0], "submitted": ["2024-01-03", "2024-01-05"], "phq9_total": [13.0, "a"]}
    )
    (source / "scores.csv").unlink()
    write_dta(frame, str(source / "scores.dta"), missing_user_values={"phq9_total": ["a"]})
    draft = draft_map(source)
    assert draft.n_open == 0
    (tmp_path / "map.toml").write_text(draft.text, encoding="utf-8")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert pd.read_csv(made.folder / "assessments.csv")["score"].tolist() == [13]
