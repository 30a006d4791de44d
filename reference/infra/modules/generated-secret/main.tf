# A user name with a password that nobody chose, for servers whose password Terraform has to set.

ephemeral "aws_secretsmanager_random_password" "this" {
  password_length     = 48
  exclude_punctuation = true
  # Nothing is left out. An empty piece of what AWS has yet to name keeps this from being asked for while a first plan is made,
  # so that a plan needs no account.
  exclude_characters = substr(var.anchor, 0, 0)
}

module "secret" {
  source = "../secret"

  name                = var.name
  description         = var.description
  value               = jsonencode({ username = var.username, password = ephemeral.aws_secretsmanager_random_password.this.random_password })
  kms_key_arn         = var.kms_key_arn
  deletion_protection = var.deletion_protection
}

# Read back, because a broker and a cache keep in the state what they were told: they have no write-only arguments.
data "aws_secretsmanager_secret_version" "this" {
  secret_id  = module.secret.id
  version_id = module.secret.version_id
}
