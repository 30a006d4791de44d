# What a service is told of its database: the address, its role and that role's password, which stands in this secret alone.
# The role is the service's own and no administrator; README says how it is made.

ephemeral "aws_secretsmanager_random_password" "this" {
  password_length     = 48
  exclude_punctuation = true
  # As in generated-secret: empty, and not known before there is a database.
  exclude_characters = substr(var.address, 0, 0)
}

module "secret" {
  source = "../secret"

  name        = var.name
  description = "The address of its database, for ${var.role} alone"
  # Encrypted. Who the server is can't be asked yet: the authority of RDS is in no image.
  value = format(
    "postgresql://%s:%s@%s:%d/%s?uselibpqcompat=true&sslmode=require",
    var.role,
    ephemeral.aws_secretsmanager_random_password.this.random_password,
    var.address,
    var.port,
    var.database,
  )
  kms_key_arn         = var.kms_key_arn
  deletion_protection = var.deletion_protection
}
