provider "aws" {
  region = var.region
  # Credentials of another account end here, ahead of any change.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      project     = local.project
      environment = var.environment
      managed-by  = "terraform"
    }
  }
}
