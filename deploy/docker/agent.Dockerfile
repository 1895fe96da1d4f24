# The node agent: it calls nft, ip and conntrack. The base must have Node 24 as `node` and apt.
# Debian 12 on purpose: its nft 1.0.6 is older than that of most hosts. A newer nft can write rules that an older one on the
# host cannot list.
ARG NODE_IMAGE=node:24-bookworm-slim
# Its binary holds the messages that the program is built with: the same image as runs beside it.
ARG ENVOY_IMAGE=envoyproxy/envoy:v1.40.0

FROM ${ENVOY_IMAGE} AS envoy

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/generate-protos.ts scripts/copy-assets.ts scripts/
COPY scripts/protos/ scripts/protos/
COPY --from=envoy /usr/local/bin/envoy .cache/bin/envoy
COPY protos/ protos/
COPY src/ src/
RUN npm run generate && npm run build && npm prune --omit=dev

FROM ${NODE_IMAGE}
RUN apt-get update \
  && apt-get install -y --no-install-recommends nftables iproute2 conntrack procps \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
# Root, because the kernel's tables belong to it; what it may do is cut down to NET_ADMIN where it runs.
USER 0:0
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["agent", "--help"]
