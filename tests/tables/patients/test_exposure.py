"""Exposure: sessions, doses by route, cohorts."""


def test_exposure_keeps_routes_apart(every_table):
    groups = dict(every_table["exposure"].row_groups())
    assert groups["Dose by route, mean (SD)"] == [
        ("SL, mg", "205 (41)", "210 (39)"),
        ("IM, mg/kg", "1.10 (0.31)", "1.06 (0.28)"),
    ]
    assert "3 cohorts of 3 to 4 patients, 3.7 on average." in every_table["exposure"].notes
