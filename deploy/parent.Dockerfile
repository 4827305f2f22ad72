# The parent as a container image: relay, nitro-cli, and the enclave image that it starts. The context
# is the checkout after `make build eif` (docs/kubernetes.md):
#   docker build -f deploy/parent.Dockerfile --build-arg BASE=<Amazon Linux 2023 by digest> -t … .
ARG BASE
FROM ${BASE}
RUN dnf install -y aws-nitro-enclaves-cli && dnf clean all
WORKDIR /opt/nmp-enclave
COPY node_modules/node/bin/node /usr/local/bin/node
COPY package.json ./
COPY node_modules ./node_modules
COPY dist ./dist
COPY build/native/nmp-agent ./build/native/nmp-agent
COPY build/enclave.eif ./enclave.eif
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/node", "/opt/nmp-enclave/dist/client/cli/main.js"]
