# The peers of the sweep: lmer for bars, mmrm and nlme::gls for an unstructured residual.
# Usage: Rscript sweep_peers.R cases.json out.csv; cases.json lists seed, family, formula and the CSV of each dataset.
suppressPackageStartupMessages({
  library(lme4)
  library(nlme)
})
has_mmrm <- suppressWarnings(requireNamespace("mmrm", quietly = TRUE))
arguments <- commandArgs(trailingOnly = TRUE)
cases <- jsonlite::fromJSON(arguments[1])
numbers <- function(x) format(x, digits = 17)
line <- function(case, software, criterion, p, converged, singular, note) {
  note <- gsub('[\n",]', " ", substr(note, 1, 120))
  cat(case$seed, software, numbers(criterion), p, converged, singular, note, sep = ",", file = arguments[2], append = TRUE)
  cat("\n", file = arguments[2], append = TRUE)
}
by_lmer <- function(case, data) {
  for (name in intersect(c("g", "a", "b", "cohort"), names(data))) data[[name]] <- factor(data[[name]])
  fit <- tryCatch(
    suppressMessages(suppressWarnings(lmer(as.formula(case$formula), data, REML = TRUE))),
    error = function(e) e
  )
  if (inherits(fit, "error")) return(line(case, "lme4", NA, NA, FALSE, NA, conditionMessage(fit)))
  said <- unlist(fit@optinfo$conv$lme4$messages)
  said <- said[!grepl("singular", said)]
  fine <- length(said) == 0 && fit@optinfo$conv$opt == 0
  line(case, "lme4", REMLcrit(fit), length(fixef(fit)), fine, isSingular(fit), paste(said, collapse = " "))
}
by_mmrm <- function(case, data) {
  data$visit <- factor(data$visit)
  data$g <- factor(data$g)
  formula <- as.formula(paste(case$formula, "+ us(visit | g)"))
  fit <- tryCatch(
    suppressMessages(suppressWarnings(mmrm::mmrm(formula, data, reml = TRUE))),
    error = function(e) e
  )
  if (inherits(fit, "error")) return(line(case, "mmrm", NA, NA, FALSE, NA, conditionMessage(fit)))
  line(case, "mmrm", -2 * as.numeric(logLik(fit)), length(coef(fit)), TRUE, FALSE, "")
}
by_gls <- function(case, data) {
  data$visit <- factor(data$visit)
  data$at <- as.integer(data$visit)
  fit <- tryCatch(
    suppressMessages(suppressWarnings(gls(
      as.formula(case$formula), data,
      correlation = corSymm(form = ~ at | g), weights = varIdent(form = ~ 1 | visit),
      method = "REML"
    ))),
    error = function(e) e
  )
  if (inherits(fit, "error")) return(line(case, "nlme", NA, NA, FALSE, NA, conditionMessage(fit)))
  line(case, "nlme", -2 * as.numeric(logLik(fit)), length(coef(fit)), TRUE, FALSE, "")
}
for (at in seq_len(nrow(cases))) {
  case <- as.list(cases[at, ])
  data <- read.csv(case$file)
  if (case$family == "unstructured") {
    if (has_mmrm) by_mmrm(case, data)
    by_gls(case, data)
  } else {
    by_lmer(case, data)
  }
}
