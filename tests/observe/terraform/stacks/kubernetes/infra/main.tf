# A Kubernetes cluster of EKS with a group of nodes; after the provider's documentation, 5.100.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variable "password" {
  type      = string
  sensitive = true
}

resource "aws_vpc" "this" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = element(["eu-central-1a", "eu-central-1b"], count.index)
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
}

resource "aws_iam_role" "this" {
  for_each = toset(["eks.amazonaws.com", "ec2.amazonaws.com"])

  name = split(".", each.key)[0]
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = each.key }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.this["eks.amazonaws.com"].name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_eks_cluster" "app" {
  name     = "shop"
  role_arn = aws_iam_role.this["eks.amazonaws.com"].arn

  vpc_config {
    subnet_ids             = aws_subnet.this[*].id
    endpoint_public_access = true
  }
}

resource "aws_eks_node_group" "app" {
  cluster_name    = aws_eks_cluster.app.name
  node_group_name = "app"
  node_role_arn   = aws_iam_role.this["ec2.amazonaws.com"].arn
  subnet_ids      = aws_subnet.this[*].id

  scaling_config {
    desired_size = 2
    min_size     = 2
    max_size     = 4
  }
}

resource "aws_elasticache_replication_group" "app" {
  replication_group_id = "shop"
  description          = "Sessions"
  engine               = "redis"
  node_type            = "cache.t4g.micro"
  auth_token           = var.password

  transit_encryption_enabled = true
}
