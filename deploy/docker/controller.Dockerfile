# The controller: no shell tools, no root. Any image with Node 24 as `node` on the path can be the base.
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
ENV NODE_ENV=production
# As in deploy/kubernetes/base/controller.yaml, which says why.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
# A number, so that Kubernetes can check `runAsNonRoot`.
USER 65532:65532
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["controller", "--help"]
