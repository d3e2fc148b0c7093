# Times of the R peers on a CSV: Rscript speed_peers.R what data.csv repeats; one JSON object of seconds on standard output.
suppressPackageStartupMessages(library(lme4))
arguments <- commandArgs(trailingOnly = TRUE)
what <- arguments[1]
if (what == "ratings") { # students' ratings of their lecturers that come with lme4: every ninth, to the file named
  every_ninth <- InstEval[seq(1, nrow(InstEval), 9), ]
  every_ninth$taught <- interaction(every_ninth$dept, every_ninth$service, drop = TRUE)
  write.csv(every_ninth, arguments[2], row.names = FALSE)
  quit()
}
data <- read.csv(arguments[2], stringsAsFactors = TRUE)
repeats <- as.integer(arguments[3])
for (name in intersect(c("patient", "cohort", "s", "d"), names(data))) data[[name]] <- factor(data[[name]])
if ("format" %in% names(data)) data$format <- relevel(data$format, "individual")
crossed <- y ~ 1 + (1 | s) + (1 | d) + (1 | taught)
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
  crossed = list(
    "lmer, fit alone" = function() lmer(crossed, data),
    "lmerTest, Satterthwaite" = function() summary(lmerTest::lmer(crossed, data))$coefficients
  ),
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
