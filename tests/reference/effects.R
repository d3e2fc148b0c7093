# Random effects with conditional standard errors and prediction errors, fitted values, and predictions for known and for new groups.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))

effects_block <- function(formula, data, new, weights = rep(1, nrow(data))) {
  environment(formula) <- environment()
  fit <- lme4::lmer(formula, data, control = tight, weights = weights)
  effects <- as.data.frame(ranef(fit, condVar = TRUE))
  # Prediction errors, the estimation of the coefficients included: Henderson's equations written out and inverted.
  x <- getME(fit, "X"); z <- as.matrix(getME(fit, "Z")); r <- sigma(fit)^2 / weights
  g <- sigma(fit)^2 * as.matrix(tcrossprod(getME(fit, "Lambda")))
  whole <- crossprod(cbind(x, z) / sqrt(r)); here <- ncol(x) + seq_len(ncol(z))
  whole[here, here] <- whole[here, here] + solve(g)
  error <- sqrt(diag(solve(whole))[here])
  names(error) <- paste(rep(names(getME(fit, "cnms")), diff(getME(fit, "Gp"))), colnames(getME(fit, "Z")))
  list(
    formula = deparse1(formula), reml_criterion = as.numeric(REMLcrit(fit)),
    effects = data.frame(grouping = as.character(effects$grpvar), term = as.character(effects$term),
                         level = as.character(effects$grp), estimate = effects$condval, std_error = effects$condsd,
                         prediction_error = unname(error[paste(effects$grpvar, effects$grp)])),
    fitted_head = unname(fitted(fit))[1:10],
    new = new,
    population = unname(predict(fit, new, re.form = NA)),
    conditional = unname(predict(fit, new, allow.new.levels = TRUE))
  )
}

partial <- read_data("partial")
crossed <- read_data("crossed")
new <- data.frame(
  month = c(0.5, 4, 4), format = c("individual", "group", "group"), baseline = c(28, 31, 31), is_group = c(0, 1, 1),
  patient = c("p01", as.character(partial$patient[partial$is_group == 1][1]), "new"),
  cohort = c("i01", rep(as.character(partial$cohort[partial$is_group == 1][1]), 2))
)
new_crossed <- data.frame(x = c(0, 1), format = "group", patient = c("p01", "p01"), rater = c("r1", "new"))
write_pair(list(
  software = versions("lme4"), data = "partial.csv",
  partially_nested = effects_block(score ~ month * format + baseline + (0 + is_group | cohort) + (1 | patient), partial, new),
  weights = effects_block(score ~ month * format + baseline + (1 | patient), partial, new, partial$weight),
  crossed = c(list(data = "crossed.csv"),
              effects_block(score ~ x + format + (1 | patient) + (1 | rater), crossed, new_crossed))
))
