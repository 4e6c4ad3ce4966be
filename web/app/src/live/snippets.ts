/** What to paste to send telemetry here, by what the visitor has. */

export interface Snippet {
  id: string;
  words: string;
  steps: { words: string; code: string }[];
}

/** `token` is undefined where none is needed. */
export function snippets(url: string, token: string | undefined): Snippet[] {
  const header = token ? ` OTEL_EXPORTER_OTLP_HEADERS=Authorization=${token}` : "";
  const environment = `export OTEL_EXPORTER_OTLP_ENDPOINT=${url} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf${header}`;
  const own = `export ANDIRON_URL=${url}${token ? ` ANDIRON_TOKEN=${token}` : ""}`;
  const named = "export OTEL_SERVICE_NAME=shop";
  return [
    {
      id: "andiron",
      words: "FastAPI",
      steps: [
        {
          words: "Two lines in the application:",
          code: 'import andiron\n\nandiron.bootstrap_logfire(app, service="shop")',
        },
        { words: "Say where to send, start it, and make a request:", code: `${own}\nuvicorn shop:app` },
      ],
    },
    {
      id: "python",
      words: "Any Python",
      steps: [
        { words: "Without a line of code:", code: `${own}\nandiron run -- python app.py` },
        {
          words: "Or with one:",
          code: 'import andiron, logfire\n\nandiron.configure(service="shop")\nlogfire.info("hello {name}", name="Andiron")',
        },
      ],
    },
    {
      id: "logfire",
      words: "Logfire",
      steps: [
        {
          words:
            new URL(url).pathname === "/"
              ? "The SDK as it is, with another address:"
              : "The SDK as it is. It sends to the host alone, without the path: give it an address of Andiron that has none.",
          code: `import logfire\n\nlogfire.configure(\n    token="${token ?? "any"}",\n    service_name="shop",\n    advanced=logfire.AdvancedOptions(base_url="${url}"),\n)\nlogfire.info("hello")`,
        },
      ],
    },
    {
      id: "otel-python",
      words: "OpenTelemetry Python",
      steps: [
        {
          words: "Install OpenTelemetry, and what it knows of your libraries:",
          code: "pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http\nopentelemetry-bootstrap --action=install",
        },
        {
          words: "Start the application with it:",
          code: `${environment}\n${named}\nopentelemetry-instrument python app.py`,
        },
      ],
    },
    {
      id: "node",
      words: "Node.js",
      steps: [
        {
          words: "Install OpenTelemetry:",
          code: "npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node",
        },
        {
          words: "Start the application with it:",
          code: `${environment}\n${named}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
        },
      ],
    },
    {
      id: "java",
      words: "Java",
      steps: [
        {
          words: "Start with OpenTelemetry’s agent:",
          code: `${environment}\n${named}\njava -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
        },
      ],
    },
    {
      id: "go",
      words: "Go and others",
      steps: [
        {
          words:
            "Every OpenTelemetry SDK reads these; in Go, use the exporters otlptracehttp, otlploghttp and otlpmetrichttp:",
          code: `${environment}\n${named}`,
        },
      ],
    },
    {
      id: "collector",
      words: "Collector",
      steps: [
        {
          words: "An exporter in the Collector’s configuration, named in each of its pipelines:",
          code: `exporters:\n  otlphttp/andiron:\n    endpoint: ${url}${token ? `\n    headers:\n      Authorization: ${token}` : ""}`,
        },
      ],
    },
    {
      id: "curl",
      words: "curl",
      steps: [{ words: "One log record, by hand:", code: curl(url, token) }],
    },
  ];
}

function curl(url: string, token: string | undefined): string {
  const body =
    '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"curl"}}]},' +
    '"scopeLogs":[{"logRecords":[{"timeUnixNano":"\'$(date +%s)\'000000000","severityNumber":9,"body":{"stringValue":"hello from curl"}}]}]}]}';
  return `curl ${url}/v1/logs -H 'Content-Type: application/json'${token ? ` -H 'Authorization: ${token}'` : ""} -d '${body}'`;
}
