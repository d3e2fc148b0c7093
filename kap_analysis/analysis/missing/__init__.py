"""What if the missing scores were worse? Dropout, imputation, tipping point."""
