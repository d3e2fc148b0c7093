"""Our numbers beside those of ../shared/reference: lme4 with lmerTest, pbkrtest and emmeans, and mmrm."""

from agreement_found import Agreement, all_terms, f_tests, values

from kap_analysis.mixed.model import mixedlm
from tests import places
from tests.mixed import test_shared_reference as shared
from tests.mixed.inference import test_anova as terms


def shared_lme4(agreement: Agreement) -> None:
    for case in shared.BARS:
        fit, known, where = shared.fitted(case), shared.reference(case), f"{case}.json"
        gap = fit.criterion - shared.criterion(case)
        agreement.add("criterion, ours above R's", "lme4", where, gap, "absolute", shared.HIGHER, shared)
        for name in ("aic", "bic"):
            gap = abs(getattr(fit, name) - known[f"ml_{name}"])
            agreement.add("AIC and BIC", "lme4", where, gap, "absolute", 1e-6, shared)
        for method, peer, df in (
            ("kenward-roger", "pbkrtest", shared.KENWARD_ROGER),
            ("satterthwaite", "lmerTest", shared.SATTERTHWAITE),
        ):
            expected = values.block(known[method.replace("-", "_")])
            found = values.like_r(fit.coefficients(ddf=method)).loc[expected.index]
            error = shared.KENWARD_ROGER if method == "kenward-roger" else shared.ERROR
            what = "Kenward-Roger" if method == "kenward-roger" else "Satterthwaite"
            all_terms(agreement, what, peer, where, found, expected, shared, error, df)
        for method, key, df in (
            (None, "anova_type3_kr", terms.KENWARD_ROGER),
            ("satterthwaite", "anova_type3_satterthwaite", terms.SATTERTHWAITE),
        ):
            expected, found = values.block(known[key]), fit.anova(ddf=method)
            f_tests(agreement, "lmerTest, pbkrtest", where, found, expected, df)
        if "emmeans" in known:
            means, contrasts = (values.block(known["emmeans"][part], "") for part in ("means", "contrasts"))
            at, most = {"month": list(dict.fromkeys(means["month"]))}, shared.KENWARD_ROGER
            for ask, expected in ((fit.means, means), (fit.contrasts, contrasts)):
                found = ask(means.columns[0], by="month", at=at)
                all_terms(agreement, "means and contrasts", "emmeans", where, found, expected, shared, most, most)


def shared_mmrm(agreement: Agreement) -> None:
    for case in shared.VISITS:
        fit, known, where = shared.fitted(case), shared.reference(case), f"{case}.json"
        gap = fit.criterion - shared.criterion(case)
        agreement.add("criterion, ours above R's", "mmrm", where, gap, "absolute", shared.HIGHER, shared)
        peer, more = "mmrm, stopped early" if case in shared.EARLY else "mmrm", shared.slack(case)
        for method, key, error, df in (
            ("Kenward-Roger", "kenward_roger_linear", shared.KENWARD_ROGER, shared.KENWARD_ROGER),
            ("Satterthwaite", "satterthwaite", shared.ERROR, shared.SATTERTHWAITE),
        ):
            expected = values.block(known[key])
            found = values.like_r(fit.coefficients(ddf=method.lower())).loc[expected.index]
            for what, size, unit, tolerance in (
                ("estimates", values.in_errors(found, expected), "standard errors", shared.ESTIMATE),
                ("standard errors", values.relative(found["std_error"], expected["std_error"]), "relative", error),
                ("df", values.relative(found["df"], expected["df"]), "relative", df),
            ):
                agreement.add(f"{method}: {what}", peer, where, size, unit, tolerance + more, shared)
            means_per_visit(agreement, case, method, peer)
        held = fit.model.fit(fixed=shared._held_at(case), ddf="satterthwaite")
        expected = values.block(known["satterthwaite"])
        found, peer = values.like_r(held.coefficients()).loc[expected.index], "mmrm, at its own covariance"
        agreement.add("estimates", peer, where, values.in_errors(found, expected), "standard errors", 1e-8, shared)
        gap = values.relative(found["std_error"], expected["std_error"])
        agreement.add("standard errors", peer, where, gap, "relative", 1e-8, shared)


def means_per_visit(agreement: Agreement, case: str, method: str, peer: str) -> None:
    key = "emmeans_kenward_roger_linear" if method == "Kenward-Roger" else "emmeans_satterthwaite"
    known, fit, most = shared.reference(case)[key], shared.fitted(case), shared.KENWARD_ROGER + shared.slack(case)
    for part, ask in (("means", fit.means), ("contrasts", fit.contrasts)):
        expected = values.block(known[part], "")
        found = ask("treatment" if "treatment" in fit.design.frame else "format", by="visit", ddf=method.lower())
        for column, unit in (("std_error", "relative"), ("df", "relative")):
            what = "means and contrasts: " + {"std_error": "standard errors", "df": "df"}[column]
            gap = values.relative(found[column], expected[column])
            agreement.add(what, f"{peer} (emmeans)", f"{case}.json", gap, unit, most, shared)


def residual_variances(agreement: Agreement) -> None:
    """nlme's residual variance per arm; it prints 7 digits."""
    known = values.read_json(places.SHARED, "kap235_partially_nested_heteroscedastic")
    formula = "bdi ~ month * format + practice + (0 + is_group | cohort) + (month | patient)"
    fit = mixedlm(formula, values.read_data(places.SHARED, known["data"]), residual_by="format").fit()
    where = "kap235_partially_nested_heteroscedastic.json"
    gap = fit.criterion + 2 * known["reml_loglik"]
    agreement.add("criterion, ours above R's", "nlme", where, gap, "absolute", shared.HIGHER, shared)
    sd = fit.residual.set_index("stratum")["sd"]
    gap = abs(sd["group"] / known["sigma"] - 1)
    agreement.add("residual standard deviation of an arm", "nlme", where, gap, "relative", 1e-4, shared)


def lower_criteria() -> list[list[object]]:
    """Where R stopped above our criterion by more than `NOTABLE`."""
    gains = [(shared.criterion(case) - shared.fitted(case).criterion, case) for case in shared.BARS + shared.VISITS]
    return [[f"{case}.json", f"{gain:.1e}"] for gain, case in sorted(gains, reverse=True) if gain > shared.NOTABLE]
