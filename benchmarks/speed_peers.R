# Times of the R peers on a CSV: Rscript speed_peers.R what data.csv repeats; one JSON object of seconds on standard output.
suppressPackageStartupMessages(library(lme4))
arguments <- commandArgs(trailingOnly = TRUE)
what <- arguments[1]
data <- read.csv(arguments[2], stringsAsFactors = TRUE)
repeats <- as.integer(arguments[3])
for (name in c("patient", "cohort")) data[[name]] <- factor(data[[name]])
data$format <- relevel(data$format, "individual")
nested <- score ~ month * format + practice + (month | patient) + (0 + is_group | cohort)
kenward_roger <- function() {
  fit <- suppressMessages(lmerTest::lmer(nested, data))
  suppressMessages(summary(fit, ddf = "Kenward-Roger")$coefficients)
}
mmrm_of <- function(vcov) {
  function() {
    fit <- mmrm::mmrm(
      score ~ visit * format + practice + us(visit | patient), data,
      method = "Kenward-Roger", vcov = vcov
    )
    summary(fit)$coefficients
  }
}
works <- switch(what,
  nested = list("lmer + pbkrtest, Kenward-Roger" = kenward_roger),
  large = list("lmer, fit alone" = function() suppressMessages(lmer(nested, data))),
  repeated = list(
    "mmrm, Kenward-Roger" = mmrm_of("Kenward-Roger"),
    "mmrm, Kenward-Roger-Linear" = mmrm_of("Kenward-Roger-Linear")
  )
)
if (what == "repeated") {
  suppressWarnings(suppressMessages(library(mmrm)))
  data$visit <- factor(data$visit)
}
if (what != "large") for (work in works) invisible(work())
seconds <- lapply(works, function(work) {
  vapply(seq_len(repeats), function(i) {
    gc(FALSE)
    began <- proc.time()[["elapsed"]]
    work()
    proc.time()[["elapsed"]] - began
  }, numeric(1))
})
cat(jsonlite::toJSON(seconds, digits = 6))
