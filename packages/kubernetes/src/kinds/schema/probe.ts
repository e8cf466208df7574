import { int32, int64, intOrString, list, object, string } from "./field.ts";

export const execAction = object("ExecAction", {
  command: list(string),
});

export const httpHeader = object(
  "HTTPHeader",
  {
    name: string,
    value: string,
  },
  { always: ["name", "value"] },
);

export const httpGetAction = object(
  "HTTPGetAction",
  {
    path: string,
    port: intOrString,
    host: string,
    scheme: string,
    httpHeaders: list(httpHeader),
  },
  { always: ["port"] },
);

export const tcpSocketAction = object(
  "TCPSocketAction",
  {
    port: intOrString,
    host: string,
  },
  { always: ["port"] },
);

export const grpcAction = object(
  "GRPCAction",
  {
    port: int32,
    service: string,
  },
  { always: ["port", "service"], kept: ["service"] },
);

export const probe = object(
  "Probe",
  {
    exec: execAction,
    httpGet: httpGetAction,
    tcpSocket: tcpSocketAction,
    grpc: grpcAction,
    initialDelaySeconds: int32,
    timeoutSeconds: int32,
    periodSeconds: int32,
    successThreshold: int32,
    failureThreshold: int32,
    terminationGracePeriodSeconds: int64,
  },
  { kept: ["terminationGracePeriodSeconds"] },
);

export const sleepAction = object(
  "SleepAction",
  {
    seconds: int64,
  },
  { always: ["seconds"] },
);

export const lifecycleHandler = object("LifecycleHandler", {
  exec: execAction,
  httpGet: httpGetAction,
  tcpSocket: tcpSocketAction,
  sleep: sleepAction,
});

export const lifecycle = object("Lifecycle", {
  postStart: lifecycleHandler,
  preStop: lifecycleHandler,
});
