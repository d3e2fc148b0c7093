# 31 patients with a heterogeneous compound symmetry in each arm, by nlme. Columns and covariance are each arm's own, so that
# the restricted likelihood of both is that of one arm and the other.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressMessages(library(nlme))
data <- read_data("few_patients")
strict <- glsControl(tolerance = 1e-10, msTol = 1e-12, msMaxIter = 500, maxIter = 500)
arms <- lapply(split(data, data$arm), function(arm) {
  gls(score ~ visit, arm, correlation = corCompSymm(form = ~ 1 | patient), weights = varIdent(form = ~ 1 | visit), control = strict)
})
table <- function(arm) {
  fit <- arms[[arm]]
  sd <- fit$sigma * coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  list(sd = as.list(sd[order(names(sd))]), correlation = unname(coef(fit$modelStruct$corStruct, unconstrained = FALSE)))
}
write_pair(list(
  software = versions("nlme"), data = "few_patients.csv", formula = "score ~ arm*visit + csh(visit|arm/patient)",
  reml_criterion = -2 * sum(sapply(arms, logLik)), arms = sapply(names(arms), table, simplify = FALSE)
))
