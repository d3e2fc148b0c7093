"""Our numbers beside those of tests/reference."""

from typing import Any

import numpy as np
import pandas as pd
from agreement_found import Agreement, all_terms, f_tests, values

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests import places
from tests.mixed import pairs
from tests.mixed import test_reference_pairs as reference
from tests.mixed.diagnostics import test_influence as influence
from tests.mixed.inference import test_anova as terms
from tests.mixed.inference import test_profile as profile
from tests.mixed.means.test_contrasts import CONTRASTS
from tests.mixed.means.test_estimated_means import MEANS
from tests.mixed.random_effects import test_effects as effects
from tests.mixed.random_effects import test_prediction as prediction


def pairs_of_lmer(agreement: Agreement) -> None:
    for name, key in reference.LMER:
        fit, known = reference.fitted(name, key)
        where = f"{name}.json"
        gap = abs(fit.criterion - known["reml_criterion"])
        agreement.add("criterion, either way", "lme4", where, gap, "absolute", pairs.HIGHER, pairs)
        for what in ("aic", "bic"):
            gap = abs(getattr(fit, what) - known[f"ml_{what}"])
            agreement.add("AIC and BIC", "lme4", where, gap, "absolute", pairs.HIGHER, pairs)
        for method, peer, df in (
            ("kenward-roger", "pbkrtest", pairs.KENWARD_ROGER),
            ("satterthwaite", "lmerTest", pairs.SATTERTHWAITE),
        ):
            if method.replace("-", "_") in known:
                expected = values.block(known[method.replace("-", "_")])
                found = values.like_r(fit.coefficients(ddf=method)).loc[expected.index]
                what = "Kenward-Roger" if method == "kenward-roger" else "Satterthwaite"
                all_terms(agreement, what, peer, where, found, expected, pairs, pairs.ERROR, df)


def other_packages(agreement: Agreement) -> None:
    known = pairs.pair("primary_model")
    fit = pairs.partial(known["formula"])
    gap = fit.criterion - known["reml_criterion"]
    agreement.add("criterion, ours above R's", "glmmTMB", "primary_model.json", gap, "absolute", pairs.HIGHER, pairs)
    expected = values.block(known["coefficients"])
    found = values.like_r(fit.coefficients(ddf="satterthwaite")).loc[expected.index]
    all_terms(agreement, "coefficients", "glmmTMB", "primary_model.json", found, expected, pairs, pairs.ERROR, 0)
    for key in ("reml", "with_intercept"):
        continuous_time(agreement, key)
    for key in ("intercept", "cohorts", "unstructured", "independent"):
        cluster_robust(agreement, key)
    for key in ("fixed_part", "cohort_variance", "patient_slope"):
        known = pairs.pair("likelihood_ratio")[key]
        ratio = pairs.partial(known["larger"]).compare(pairs.partial(known["smaller"]))
        gap = abs(ratio.statistic - known["statistic"])
        agreement.add("likelihood ratio", "lme4", "likelihood_ratio.json", gap, "absolute", 1e-6, pairs)
    for key in ("patients", "cohorts", "slopes"):
        known = pairs.pair("between_within")[key]
        df = mixedlm(known["formula"], pairs.data_of("partial.csv")).fit(ddf="between-within").df
        gap = max(abs(df_ - known["df"][values.r_term(term)]) for term, df_ in df.items())
        agreement.add("between-within df", "nlme", "between_within.json", gap, "absolute", 0, pairs)


def continuous_time(agreement: Agreement, key: str) -> None:
    known, where = pairs.pair("continuous_time")[key], "continuous_time.json"
    bar = " + (1 | patient)" if key == "with_intercept" else ""
    fit = pairs.partial(pairs.pair("continuous_time")["reml"]["fixed"] + bar + " + exponential(month | patient)")
    gap = fit.criterion + 2 * known["loglik"]
    agreement.add("criterion, ours above R's", "nlme", where, gap, "absolute", pairs.HIGHER, pairs)
    expected = values.block(known["coefficients"])
    found = values.like_r(fit.coefficients(ddf="satterthwaite")).loc[expected.index]
    all_terms(agreement, "coefficients", "nlme", where, found, expected, pairs, pairs.ERROR, 0)


def cluster_robust(agreement: Agreement, key: str) -> None:
    known = pairs.pair("cluster_robust")[key]
    labels = pairs.data_of("partial.csv")["patient"] if key == "independent" else None
    for kind in ("CR0", "CR2"):
        expected = values.block(known[kind]["coefficients"])
        robust = pairs.partial(known["formula"]).cluster_robust(kind=kind, cluster=labels)
        found = values.like_r(robust.coefficients()).loc[expected.index]
        for what, column, most in (
            ("standard errors", "std_error", 2 * pairs.ERROR),
            ("Satterthwaite df", "df", pairs.KENWARD_ROGER),
        ):
            gap = values.relative(found[column], expected[column])
            agreement.add(f"{kind}: {what}", "clubSandwich", "cluster_robust.json", gap, "relative", most, pairs)


def means_and_contrasts(agreement: Agreement) -> None:
    fit = pairs.means_fit()
    for options, ask in ((MEANS, fit.means), (CONTRASTS, fit.contrasts)):
        for key, asked in options.items():
            expected = values.block(pairs.pair("marginal_means")[key], "")
            found, where = ask(**asked), "marginal_means.json"
            what, df = "means and contrasts", pairs.KENWARD_ROGER
            all_terms(agreement, what, "emmeans", where, found, expected, pairs, pairs.ERROR, df)
    for method in ("kenward-roger", "satterthwaite"):
        known = values.block(pairs.pair("marginal_means")[f"type3_{method.replace('-', '_')}"])
        df = terms.KENWARD_ROGER if method == "kenward-roger" else terms.SATTERTHWAITE
        f_tests(agreement, "lmerTest, pbkrtest", "marginal_means.json", fit.anova(ddf=method), known, df)
    for adjustment in ("none", "holm", "tukey"):
        known = values.block(pairs.pair("marginal_means")[f"practice_pairs_{adjustment}"], "")
        gap = np.abs(fit.contrasts("practice", adjustment=adjustment)["p_value"].to_numpy() - known["p_value"]).max()
        agreement.add(
            f"p-values, {adjustment}", "emmeans", "marginal_means.json", gap, "absolute", pairs.P_VALUE, pairs
        )
    for question in ("equivalence", "non-inferiority"):
        (known,) = pairs.pair("marginal_means")[f"{question.replace('-', '')}_margin_5"]
        found = fit.within_margin("format", margin=5, question=question, at={"visit": "3"}).iloc[0]
        gap = abs(found["p_value"] - known["p_value"])
        agreement.add(f"p-value of {question}", "emmeans", "marginal_means.json", gap, "absolute", pairs.P_VALUE, pairs)


def what_follows(agreement: Agreement) -> None:
    """Random effects, predictions, influence, profiles."""
    for case in ("partially_nested", "weights", "crossed"):
        known = values.read_json(places.PAIRS, "effects")[case]
        data = values.read_data(places.PAIRS, known.get("data", "partial.csv"))
        fit = mixedlm(known["formula"], data, weights="weight" if case == "weights" else None).fit()
        random_effects(agreement, fit, known)
    known = values.block(values.read_json(places.PAIRS, "influence")["practice"], "level")
    found = mixedlm(influence.FORMULA, influence.PARTIAL).fit().influence(influence.PARTIAL["practice"])
    gap = np.abs(found.set_index("level").loc[known.index, "distance"] - known["distance"]).max()
    most = influence.R_STOPPED
    agreement.add("Cook's distances by refits", "lme4", "influence.json", gap, "absolute", most, influence)
    profiles = profile.reference()
    for key, reml, most, order, root in (
        ("reml_variances", True, profile.UNIROOT, [0, 1, 2], lambda limit: limit),
        ("ml_standard_deviations", False, profile.SPLINE, [1, 0, 2], np.sqrt),
    ):
        expected = [profiles[key][i]["ci_high"] for i in order]
        gap = values.relative(root(profile.fitted(profiles["formula"], reml).profile()["ci_high"]), expected)
        what = f"profile limits, {key.replace('_', ' ').replace('reml', 'REML').replace('ml ', 'ML ')}"
        agreement.add(what, "lme4", "profile.json", gap, "relative", most, profile)


def random_effects(agreement: Agreement, fit: MixedResults, known: dict[str, Any]) -> None:
    keys, where = ["grouping", "term", "level"], "effects.json"
    expected = pd.DataFrame(known["effects"])
    expected = expected[~((expected.grouping == "cohort") & expected.level.str.startswith("i"))].set_index(keys)
    found = fit.effects().set_index(keys).loc[expected.index]
    largest = expected["estimate"].abs().max()
    gap = np.abs(found["estimate"] - expected["estimate"]).max() / largest
    most = effects.R_STOPPED
    agreement.add("random effects", "lme4", where, gap, "relative to the largest", most, effects)
    gap = values.relative(found["std_error"], expected["std_error"])
    agreement.add("random effects: standard errors", "lme4", where, gap, "relative", most, effects)
    new = pd.DataFrame(known["new"])
    for conditional, key in ((False, "population"), (True, "conditional")):
        predicted = fit.predict(new, conditional=conditional, allow_new_groups=True)
        gap = np.abs(predicted.to_numpy() - known[key]).max()
        most = prediction.R_STOPPED
        agreement.add(f"predictions, {key}", "lme4", where, gap, "absolute", most, prediction)
