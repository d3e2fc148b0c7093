# The coefficients without each cohort (an individual patient is one of its own) and each practice, all models refitted.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
data <- read_data("partial")
formula <- score ~ month * format + baseline + (0 + is_group | cohort) + (1 | patient)
fit <- lme4::lmer(formula, data, control = tight)
without <- function(column) {
  levels <- as.character(unique(data[[column]]))
  rows <- lapply(levels, function(level) {
    again <- lme4::lmer(formula, data[data[[column]] != level, ], control = tight)
    d <- fixef(again) - fixef(fit)
    c(as.list(setNames(d, names(fixef(fit)))),
      distance = as.numeric(t(d) %*% solve(as.matrix(vcov(fit)), d)) / length(d))
  })
  cbind(level = levels, do.call(rbind, lapply(rows, as.data.frame, check.names = FALSE)))
}
write_pair(list(
  software = versions("lme4"), data = "partial.csv", formula = deparse1(formula),
  cohort = without("cohort"), practice = without("practice")
))
