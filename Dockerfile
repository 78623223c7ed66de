# Berth as a service. It needs the engine's socket, and TEMP_DIR at the same path inside and outside, because the
# engine mounts the bots' code from the host:
#
#   docker build -t berth .
#   docker run -d --name berth --network host \
#     -v /var/run/docker.sock:/var/run/docker.sock -v /tmp/runtime:/tmp/runtime -v berth-data:/data berth
#
# Further variables (MONGO_URI, MINIO_ENDPOINT, NATS_URL …) with -e; see the README's table.
FROM denoland/deno:2.9.6
WORKDIR /app
COPY deno.json deno.lock ./
COPY main.ts mod.ts cli.ts ./
COPY lib ./lib
COPY cli ./cli
COPY services ./services
COPY examples ./examples
# Everything that is imported is in the image: a start needs no network.
RUN deno cache --frozen main.ts lib/archive/extract_worker.ts
ENV DATA_DIR=/data TEMP_DIR=/tmp/runtime
VOLUME /data
# Root in the container, as the socket's group differs from host to host; bots run as an unprivileged user.
ENTRYPOINT ["deno", "task", "--quiet", "start"]
