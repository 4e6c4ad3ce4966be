# An image that holds one program and no shell, with a `wget` for its health check. IMAGE is that image, with its version.
ARG IMAGE
FROM busybox:1.37.0-musl AS probe

FROM ${IMAGE}
# One static program that goes by the name it is called by.
COPY --from=probe /bin/busybox /wget
