# A bucket that an AWS service delivers logs to: closed to everybody else's writing, encrypted, and emptied by age.

locals {
  arn = "arn:${var.partition}:s3:::${var.name}"
  # Who writes, under which conditions. A service that writes for every account must be told for which one.
  writers = {
    balancer = [{
      Sid       = "BalancerDelivers"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = ["s3:PutObject"]
      Resource  = ["${local.arn}/AWSLogs/${var.account_id}/*"]
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.partition}:elasticloadbalancing:${var.region}:${var.account_id}:loadbalancer/*" }
      }
    }]
    flow-logs = [for writing in [
      {
        sid       = "FlowLogsLook", actions = ["s3:GetBucketAcl", "s3:ListBucket"], resource = local.arn,
        condition = {}
      },
      {
        sid       = "FlowLogsDeliver", actions = ["s3:PutObject"], resource = "${local.arn}/AWSLogs/${var.account_id}/*"
        condition = { "s3:x-amz-acl" = "bucket-owner-full-control" }
      },
      ] : {
      Sid       = writing.sid
      Effect    = "Allow"
      Principal = { Service = "delivery.logs.amazonaws.com" }
      Action    = writing.actions
      Resource  = [writing.resource]
      Condition = {
        StringEquals = merge({ "aws:SourceAccount" = var.account_id }, writing.condition)
        ArnLike      = { "aws:SourceArn" = "arn:${var.partition}:logs:${var.region}:${var.account_id}:*" }
      }
    }]
  }
}

# It holds logs: who reads them is seen by CloudTrail.
# trivy:ignore:AWS-0089
resource "aws_s3_bucket" "this" {
  bucket        = var.name
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# By S3's own key: load balancers can't deliver to a bucket with another one.
# trivy:ignore:AWS-0132
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# A log that was overwritten can be told.
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.writers[var.writer], [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "s3:*"
      Resource  = [local.arn, "${local.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
