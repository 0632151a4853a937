"""The language server: one hardened session per client over pygls, which nothing else imports."""
