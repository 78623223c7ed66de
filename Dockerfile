# Berth as a service, and its command line. It needs the engine's socket, and TEMP_DIR at the same path inside and
# outside, because the engine mounts the bots' code from the host:
#
#   docker build -t berth --build-arg COMMIT=$(git rev-parse HEAD) .
#   docker run -d --name berth --network host \
#     -v /var/run/docker.sock:/var/run/docker.sock -v /tmp/runtime:/tmp/runtime -v berth-data:/data berth
#   docker exec berth berth ps
#
# `docker run … berth ps`, with the same volumes, is the same as the last one. Further variables (MONGO_URI,
# MINIO_ENDPOINT, NATS_URL …) with -e; see docs/configuration.md.
ARG BASE=denoland/deno:2.9.6
ARG GO_BASE=golang:1.24
# The program that runs bots in the containers of a cluster.
FROM ${GO_BASE} AS supervisor
COPY lib/cluster/supervisor/program /source
RUN sh /source/build.sh

FROM ${BASE}
WORKDIR /app
COPY deno.json deno.lock ./
COPY main.ts mod.ts errors.ts types.ts cli.ts ./
COPY lib ./lib
COPY cli ./cli
COPY services ./services
COPY examples ./examples
# Everything that is imported is in the image: a start needs no network.
COPY --from=supervisor /source/build ./lib/cluster/supervisor/program/build
COPY setup/ready.ts ./setup/
RUN deno cache --frozen main.ts setup/ready.ts lib/archive/extraction_thread.ts lib/archive/pack_thread.ts lib/logs/search_thread.ts
COPY setup/image_entrypoint.sh /usr/local/bin/berth
ARG COMMIT=
RUN echo "${COMMIT}" > .commit
ENV DATA_DIR=/data TEMP_DIR=/tmp/runtime
VOLUME /data
# Whether the process works. `docker exec berth berth ready` says whether engine and stores do, too.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["berth", "healthy"]
# Root in the container, as the socket's group differs from host to host; bots run as unprivileged users.
ENTRYPOINT ["berth"]
CMD ["start"]
