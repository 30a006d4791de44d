# The keys that data at rest is encrypted with: one for each kind of reader.

locals {
  arn_prefix = "arn:${var.partition}"

  # "*" is the key itself, which has no other name in its own policy. Without the account's root a key can end up with nobody
  # who may change it; root alone allows nobody: roles need a policy of their own as well.
  administration = {
    Sid       = "AccountDecidesByIam"
    Effect    = "Allow"
    Principal = { AWS = "${local.arn_prefix}:iam::${var.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  # By kind: what the key is for, and the statements beside administration.
  keys = {
    data = {
      description = "Databases, cache, broker, images"
      statements  = []
    }
    logs = {
      description = "Log groups"
      statements = [{
        Sid       = "CloudWatchLogs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "${local.arn_prefix}:logs:${var.region}:${var.account_id}:log-group:*"
          }
        }
      }]
    }
    # As AWS's own key for secrets has it: who may read a secret may have it decrypted, by Secrets Manager and in no other way. So
    # roles need no permission on the key, and what they may read is decided in one place.
    secrets = {
      description = "Secrets"
      statements = [{
        Sid       = "ThroughSecretsManagerOnly"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          StringEquals = {
            "kms:CallerAccount" = var.account_id
            "kms:ViaService"    = "secretsmanager.${var.region}.amazonaws.com"
          }
        }
      }]
    }
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = "${var.name}: ${each.value.description}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode({ Version = "2012-10-17", Statement = concat([local.administration], each.value.statements) })
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${var.name}/${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}
