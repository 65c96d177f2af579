# The tool as an image, for CI systems whose jobs are containers:
#
#     docker build -t deploy-to-gcp .
#     docker run --rm -v "$PWD:/workspace" deploy-to-gcp check
#
# Credentials come as on any machine: a mounted key file or the metadata server.
FROM python:3.12-slim AS build
WORKDIR /source
RUN python -m venv /opt/tool
COPY deploy_lib/requirements.txt ./
RUN /opt/tool/bin/pip install --no-cache-dir -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY scripts scripts
COPY deploy_lib deploy_lib
RUN /opt/tool/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim
RUN command -v git || (apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*)
RUN git config --system --add safe.directory /workspace
COPY --from=build /opt/tool /opt/tool
ENV PATH=/opt/tool/bin:$PATH
WORKDIR /workspace
ENTRYPOINT ["deploy-to-gcp"]
