# Marginal means and contrasts by emmeans with Kenward-Roger df: equal and proportional weights, Tukey and Holm,
# differences of differences, a covariate set by the user; and simultaneous F tests by pbkrtest and lmerTest.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])), "common.R"))
suppressMessages(library(emmeans))
emm_options(lmer.df = "kenward-roger")
data <- read_data("partial")
formula <- score ~ visit * format + baseline + practice + (0 + is_group | cohort) + (1 | patient)
fit <- lmerTest::lmer(formula, data, control = tight)
tidy <- function(x) {
  frame <- as.data.frame(x)
  names <- c(emmean = "estimate", SE = "std_error", lower.CL = "ci_low", upper.CL = "ci_high", t.ratio = "statistic", p.value = "p_value")
  for (old in names(names)) colnames(frame)[colnames(frame) == old] <- names[[old]]
  for (column in names(frame)) if (is.factor(frame[[column]])) frame[[column]] <- as.character(frame[[column]])
  attributes(frame) <- attributes(frame)[c("names", "row.names", "class")]
  frame
}
equal <- emmeans(fit, ~ format | visit)
practices <- emmeans(fit, ~ practice)
f_test <- function(test) list(statistic = test[["F value"]], df1 = test[["NumDF"]], df2 = test[["DenDF"]], p_value = test[["Pr(>F)"]])
l <- function(columns) { m <- matrix(0, length(columns), length(fixef(fit))); colnames(m) <- names(fixef(fit))
  for (i in seq_along(columns)) m[i, columns[i]] <- 1; m }
visits <- c("visit2", "visit3", "visit6")
interaction <- paste0(visits, ":formatgroup")
kr <- function(columns) f_test(contestMD(fit, l(columns), ddf = "Kenward-Roger"))
sat <- function(columns) f_test(contestMD(fit, l(columns), ddf = "Satterthwaite"))
type3 <- function(ddf) { a <- as.data.frame(anova(lmerTest::lmer(formula, data, control = tight,
  contrasts = list(visit = "contr.sum", format = "contr.sum", practice = "contr.sum")), type = 3, ddf = ddf))
  data.frame(term = rownames(a), df1 = a$NumDF, df2 = a$DenDF, statistic = a[["F value"]], p_value = a[["Pr(>F)"]]) }
write_pair(list(
  software = versions("lme4", "lmerTest", "pbkrtest", "emmeans"), data = "partial.csv", formula = deparse1(formula),
  means_equal = tidy(equal), means_format = tidy(emmeans(fit, ~ format)),
  means_proportional = tidy(emmeans(fit, ~ format, weights = "proportional")),
  means_at_baseline_20 = tidy(emmeans(fit, ~ format, by = "visit", at = list(baseline = 20))),
  format_by_visit = tidy(confint(pairs(equal, reverse = TRUE), level = .95)),
  format_by_visit_tests = tidy(pairs(equal, reverse = TRUE)),
  practice_pairs_tukey = tidy(summary(pairs(practices, adjust = "tukey"), infer = c(TRUE, TRUE))),
  practice_pairs_holm = tidy(pairs(practices, adjust = "holm")),
  practice_pairs_none = tidy(pairs(practices, adjust = "none")),
  practice_against_first = tidy(contrast(practices, "trt.vs.ctrl", ref = 1, adjust = "none")),
  differences_of_differences = tidy(contrast(emmeans(fit, ~ format * visit), interaction = c(format = "revpairwise", visit = "trt.vs.ctrl"), adjust = "none")),
  equivalence_margin_5 = tidy(test(pairs(emmeans(fit, ~ format, at = list(visit = "3")), reverse = TRUE), delta = 5, side = "equivalence")),
  noninferiority_margin_5 = tidy(test(pairs(emmeans(fit, ~ format, at = list(visit = "3")), reverse = TRUE), delta = 5, side = "<")),
  f_visit_kenward_roger = kr(visits), f_visit_satterthwaite = sat(visits),
  f_interaction_kenward_roger = kr(interaction), f_interaction_satterthwaite = sat(interaction),
  f_practice_kenward_roger = kr(c("practiceB", "practiceC")), f_practice_satterthwaite = sat(c("practiceB", "practiceC")),
  type3_kenward_roger = type3("Kenward-Roger"), type3_satterthwaite = type3("Satterthwaite")
))
