# Seconds of lme4 and pbkrtest on the data of many_fits.py: Rscript many_fits_peers.R studies.csv patients.csv refits
# One JSON object on standard output: seconds of each study, and of one refit of bootMer.
suppressPackageStartupMessages(library(lme4))
arguments <- commandArgs(trailingOnly = TRUE)
studies <- read.csv(arguments[1], stringsAsFactors = TRUE)
for (name in c("patient_id", "cohort_id")) studies[[name]] <- factor(studies[[name]])
studies$format <- relevel(studies$format, "individual")
analysed <- function(data) {
  model <- score ~ visit * (format + baseline) + (0 + is_group | cohort_id) + (1 | patient_id)
  fit <- suppressMessages(lmerTest::lmer(model, data))
  suppressMessages(summary(fit, ddf = "Kenward-Roger")$coefficients)
}
each <- split(studies, studies$study)
invisible(analysed(droplevels(each[[1]])))
power <- vapply(each, function(data) {
  data <- droplevels(data)
  began <- proc.time()
  analysed(data)
  sum((proc.time() - began)[1:2])
}, numeric(1))
patients <- read.csv(arguments[2], stringsAsFactors = TRUE)
for (name in c("patient", "cohort")) patients[[name]] <- factor(patients[[name]])
patients$format <- relevel(patients$format, "individual")
nested <- score ~ month * format + practice + (month | patient) + (0 + is_group | cohort)
fit <- suppressMessages(lmer(nested, patients))
refits <- as.integer(arguments[3])
began <- proc.time()
invisible(suppressMessages(suppressWarnings(bootMer(fit, fixef, nsim = refits, seed = 1))))
bootstrap <- sum((proc.time() - began)[1:2]) / refits
cat(jsonlite::toJSON(list(power = unname(power), bootstrap = bootstrap), digits = 6, auto_unbox = FALSE))
