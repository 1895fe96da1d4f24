/**
 * What agents report to the controller, which writes it as Events of Kubernetes: the reasons, in the order of docs/events.md, which
 * mirrors this table (a test compares them). The controller writes no other.
 */
export const reportTable = {
  Starting: { severity: 'Normal', about: 'An agent has started' },
  FailedToStartProxierHealthcheck: {
    severity: 'Warning',
    about: 'The address of `/healthz` could not be bound; it is tried again every 5 seconds',
  },
  FailedToStartMetricServer: {
    severity: 'Warning',
    about: 'The address of `/metrics` could not be bound; it is tried again every 5 seconds',
  },
  FailedToStartServiceHealthcheck: {
    severity: 'Warning',
    about: "The Service's healthCheckNodePort could not be bound; it is tried again every 5 seconds",
  },
  DriftRepaired: {
    severity: 'Warning',
    about: "Another program had changed Fairlead's tables, policy rules or routes; they were restored",
  },
  ObjectRefused: {
    severity: 'Warning',
    about: 'The kernel refused what belongs to this object; everything else was programmed',
  },
} as const satisfies Record<string, { readonly severity: 'Normal' | 'Warning'; readonly about: string }>;

export type ReportReason = keyof typeof reportTable;

/** Something that operators should see. */
export interface Report {
  readonly reason: ReportReason;
  readonly note: string;
  /** `namespace/name` of the Service that it is about; absent: the node. */
  readonly service?: string;
}

export function isReportReason(text: string): text is ReportReason {
  return Object.hasOwn(reportTable, text);
}
