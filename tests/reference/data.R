# Makes the CSV files of this folder; every number in them is made up.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
save_csv <- function(data, name) write.csv(data, file.path(folder, paste0(name, ".csv")), row.names = FALSE, quote = FALSE)

# partial.csv: 96 patients of three practices, 48 in 12 cohorts of 4; scores at months 1 2 3 6, lost at random from the
# right and in between; the days vary round the visits; the group arm varies more.
set.seed(20261123)
n <- 96
is_group <- rep(0:1, each = n / 2)
cohort <- ifelse(is_group == 1, sprintf("g%02d", rep(c(0, 1:12), times = c(n / 2, rep(4, 12)))), sprintf("i%02d", 1:n))
practice <- ifelse(is_group == 1, c("A", "B", "C")[1 + (as.integer(factor(cohort)) %% 3)], c("A", "B", "C")[1 + (1:n) %% 3])
severity <- rnorm(n, 27, 7)
baseline <- round(severity + rnorm(n, 0, 4))
months <- c(1, 2, 3, 6)
shape <- c(.65, .9, 1, .95)
cohort_effect <- rnorm(length(unique(cohort)), 0, 2.5)[as.integer(factor(cohort))] * is_group
response <- rnorm(n, 0, 5) * (1 + .6 * is_group)
slope <- rnorm(n, 0, 1.2)
rows <- list()
for (k in seq_along(months)) {
  score <- severity + slope * months[k] + shape[k] * (-10 + response + cohort_effect + is_group) + rnorm(n, 0, 4) * (1 + .4 * is_group)
  rows[[k]] <- data.frame(
    patient = sprintf("p%02d", 1:n), practice, format = c("individual", "group")[is_group + 1], is_group, cohort,
    visit = months[k], month = round(months[k] + runif(n, -.2, .2), 2), baseline, weight = sample(c(.5, 1, 2, 4), n, TRUE),
    score = round(score, 1)
  )
}
last <- sample(2:5, n, TRUE, prob = c(.08, .1, .17, .65))
data <- do.call(rbind, lapply(seq_along(months), function(k) rows[[k]][k < last & runif(n) > .07, ]))
save_csv(data[order(data$patient, data$visit), ], "partial")

# crossed.csv: 30 patients each rated by 3 to 5 of 8 raters.
set.seed(1)
data <- do.call(rbind, lapply(1:30, function(i) {
  raters <- sort(sample(1:8, sample(3:5, 1)))
  data.frame(patient = sprintf("p%02d", i), rater = sprintf("r%d", raters), x = round(rnorm(length(raters)), 2),
             format = c("individual", "group")[1 + i %% 2])
}))
data$score <- round(20 + 1.5 * data$x - 2 * (data$format == "group") + rnorm(30, 0, 3)[as.integer(factor(data$patient))] +
  rnorm(8, 0, 2)[as.integer(factor(data$rater))] + rnorm(8, 0, 1.5)[as.integer(factor(data$rater))] * data$x + rnorm(nrow(data), 0, 2.5), 2)
save_csv(data, "crossed")

# nested.csv: 6 clinics, therapists numbered within each, 3 to 6 patients of each.
set.seed(2)
data <- do.call(rbind, lapply(1:6, function(i) do.call(rbind, lapply(1:sample(3:5, 1), function(j) {
  size <- sample(3:6, 1)
  data.frame(clinic = sprintf("c%d", i), therapist = sprintf("t%d", j), x = round(rnorm(size), 2),
             score = 20 + rnorm(size, 0, 3) + rnorm(1, 0, 2))
}))))
data$score <- round(data$score + rnorm(6, 0, 2)[as.integer(factor(data$clinic))] + (1 + rnorm(6, 0, 1.5)[as.integer(factor(data$clinic))]) * data$x, 2)
save_csv(data, "nested")

# tiny.csv: 4 patients, 8 rows.
save_csv(data.frame(patient = rep(c("a", "b", "c", "d"), each = 2), visit = rep(1:2, 4), x = c(2, 3, 5, 4, 1, 2, 6, 8),
                    score = c(21, 17.5, 25, 20, 18, 17, 30, 22.5)), "tiny")

# singular.csv: groups more alike than chance would have them, so that their variance is 0; 12 groups of 5.
set.seed(5)
data <- data.frame(patient = sprintf("p%02d", rep(1:12, each = 5)), month = rep(0:4, 12), format = rep(c("individual", "group"), each = 30))
data$score <- rnorm(60, 20, 3)
data$score <- round(data$score - .9 * ave(data$score, data$patient) + .9 * 20 - data$month, 2)
save_csv(data, "singular")
