# Median time to an event where the survival curve lies exactly at one half, by survival's survfit with log-log limits.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressWarnings(suppressMessages(library(survival)))

cases <- list(
  list(days = c(10, 20, 30, 40), lost = c(1, 1, 1, 1)),
  list(days = c(10, 20, 30, 40), lost = c(1, 1, 0, 0)),
  list(days = c(10, 20, 25, 40), lost = c(1, 1, 0, 1)),
  list(days = c(10, 20, 30, 40, 50), lost = c(1, 1, 0, 0, 0)),
  list(days = 1:20, lost = rep(1, 20)),
  list(days = c(5, 5, 8, 8, 12, 20, 20, 33), lost = c(1, 0, 1, 1, 0, 1, 0, 1))
)

write_pair(list(
  software = versions("survival"),
  cases = lapply(cases, function(case) {
    fit <- survfit(Surv(case$days, case$lost) ~ 1, conf.type = "log-log")
    found <- summary(fit)$table
    c(case, list(median = unname(found["median"]), low = unname(found["0.95LCL"]), high = unname(found["0.95UCL"])))
  })
))
