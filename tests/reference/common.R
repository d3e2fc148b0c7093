# What every script of this folder shares: where it stands, tight optimisers, and how a result is written.
suppressWarnings(suppressMessages({
  library(lme4)
  library(lmerTest)
  library(pbkrtest)
  library(jsonlite)
}))

folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])))
script <- sub("\\.R$", "", basename(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])))

# Ends at a step in theta of 1e-9: the default stops near 1e-6, too early for estimates within 1e-5 standard errors.
tight <- lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e6), calc.derivs = TRUE,
  check.conv.grad = "ignore", check.conv.hess = "ignore", check.conv.singular = "ignore",
  check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nobs.vs.rankZ = "ignore"
)

read_data <- function(name) {
  data <- read.csv(file.path(folder, paste0(name, ".csv")), stringsAsFactors = FALSE)
  for (column in intersect(c("patient", "practice", "cohort", "rater", "clinic", "therapist"), names(data)))
    data[[column]] <- factor(data[[column]])
  if ("format" %in% names(data)) data$format <- factor(data$format, levels = c("individual", "group"))
  if ("visit" %in% names(data)) data$visit <- factor(data$visit)
  data
}

versions <- function(...) {
  packages <- c(...)
  paste("R", getRversion(), paste(packages, sapply(packages, function(p) as.character(packageVersion(p))), collapse = " "))
}

components <- function(fit) {
  table <- as.data.frame(VarCorr(fit))
  data.frame(grouping = table$grp, term1 = table$var1, term2 = table$var2, value = table$vcov)
}

coefficients_table <- function(table, names = c("estimate", "std_error", "df", "statistic", "p_value")) {
  frame <- as.data.frame(table)
  colnames(frame) <- names
  cbind(term = rownames(frame), frame, row.names = NULL)
}

by_satterthwaite <- function(fit) coefficients_table(coef(summary(fit, ddf = "Satterthwaite")))
by_kenward_roger <- function(fit) coefficients_table(coef(summary(fit, ddf = "Kenward-Roger")))

# The REML fit, with what the ordinary likelihood says beside it (aic and bic count every parameter and row).
lmer_block <- function(formula, data, kenward_roger = TRUE, weights = rep(1, nrow(data))) {
  environment(formula) <- environment()
  fit <- lmerTest::lmer(formula, data, REML = TRUE, control = tight, weights = weights)
  ml <- lmerTest::lmer(formula, data, REML = FALSE, control = tight, weights = weights)
  block <- list(
    formula = deparse1(formula), n_observations = nobs(fit), reml_criterion = as.numeric(REMLcrit(fit)),
    ml_loglik = as.numeric(logLik(ml)), ml_aic = AIC(ml), ml_bic = BIC(ml), singular = isSingular(fit),
    variance_components = components(fit), satterthwaite = by_satterthwaite(fit)
  )
  if (kenward_roger) block$kenward_roger <- by_kenward_roger(fit)
  block
}

write_pair <- function(result) {
  write(toJSON(result, digits = I(12), auto_unbox = TRUE, pretty = TRUE, na = "null", null = "null"),
        file.path(folder, paste0(script, ".json")))
}
