# What this needs, exactly; .terraform.lock.hcl holds the provider's checksums.

terraform {
  # Write-only arguments and ephemeral resources keep passwords out of the state.
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Where the state lies is the caller's to say: terraform init -backend-config=FILE. It holds two passwords (README).
  backend "s3" {}
}
