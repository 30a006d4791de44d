// The container's health probe.

import "@reference-shop/service-kit/healthcheck";
