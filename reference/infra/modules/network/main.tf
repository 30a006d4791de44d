# The VPC, its tiers over the zones, and where each may send: public to the internet, services by NAT, data nowhere.

locals {
  subnets = merge([
    for tier, zones in var.tiers : { for zone, cidr in zones : "${tier}-${zone}" => { tier = tier, zone = zone, cidr = cidr } }
  ]...)
  zones     = sort(keys(var.tiers.public))
  nat_zones = toset(var.nat_per_zone ? local.zones : slice(local.zones, 0, 1))
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# What is put nowhere falls into these, so they lead nowhere and let nothing through.
resource "aws_default_security_group" "this" {
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.value.zone
  cidr_block              = each.value.cidr
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.key}", tier = each.value.tier }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_eip" "nat" {
  for_each = local.nat_zones

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat_zones

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.this["public-${each.key}"].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "public_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table" "services" {
  for_each = var.tiers.services

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-services-${each.key}" }
}

resource "aws_route" "services_nat" {
  for_each = var.tiers.services

  route_table_id         = aws_route_table.services[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[contains(local.nat_zones, each.key) ? each.key : local.zones[0]].id
}

# No route but the VPC's own.
resource "aws_route_table" "data" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-data" }
}

resource "aws_route_table_association" "public" {
  for_each = var.tiers.public

  subnet_id      = aws_subnet.this["public-${each.key}"].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "services" {
  for_each = var.tiers.services

  subnet_id      = aws_subnet.this["services-${each.key}"].id
  route_table_id = aws_route_table.services[each.key].id
}

resource "aws_route_table_association" "data" {
  for_each = var.tiers.data

  subnet_id      = aws_subnet.this["data-${each.key}"].id
  route_table_id = aws_route_table.data.id
}

# To a bucket, not to CloudWatch: a bucket takes them without a role that somebody could take on.
resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = var.flow_log_bucket_arn
  max_aggregation_interval = 60

  tags = { Name = var.name }
}
