# For an emulator of AWS on this machine, where AWS_ENDPOINT_URL says: copied beside main.tf, never committed there (README).

terraform {
  backend "local" {}
}

provider "aws" {
  # Emulators take the access key for the account.
  access_key                  = var.account_id
  secret_key                  = "emulator"
  allowed_account_ids         = null
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true
}
