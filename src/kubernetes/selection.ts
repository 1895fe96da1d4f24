/** On a Service that another proxy carries (KEP-2447). Its presence counts, whatever its value (Service contract §1.1). */
export const serviceProxyNameLabel = 'service.kubernetes.io/service-proxy-name';

/** On slices of headless Services; the EndpointSlice controller sets it. Its presence counts. */
export const headlessLabel = 'service.kubernetes.io/headless';
