# podfit's image: the program, the shared libraries that it loads, and nothing else: no shell, no package manager, no root.
# scripts/image builds it with buildah, podman or docker. To pin the base: --build-arg BASE=debian@sha256:...
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        cmake ninja-build gcc libc6-dev pkg-config \
        libmicrohttpd-dev libgnutls28-dev libssl-dev libcjson-dev libjansson-dev libyaml-dev libcurl4-openssl-dev \
    && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json CHANGELOG.md /src/
COPY cmake /src/cmake
COPY include /src/include
COPY src /src/src
COPY examples /src/examples
WORKDIR /src
# The date on the manual pages, as scripts/image gives it.
ARG SOURCE_DATE_EPOCH
RUN cmake --preset release -DPF_BUILD_TESTS=OFF && cmake --build --preset release --target podfit
COPY scripts/lib/runtime-root /src/scripts/lib/
RUN scripts/lib/runtime-root build/release/podfit /runtime

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="podfit" \
      org.opencontainers.image.description="Kubernetes admission webhook that rewrites requests and refuses pods that would not be scheduled" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="scratch"
COPY --from=build /runtime/ /
# A number, so that runAsNonRoot can be checked. Nothing is written: run it with a read-only root file system.
USER 65532:65532
EXPOSE 8443 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/podfit"]
CMD ["serve"]
