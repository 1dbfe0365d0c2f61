import * as pulumi from "@pulumi/pulumi";

/**
 * The `data` of a Secret: base64, and secret in the stack's state. Not `stringData`: the API folds that into `data`,
 * and then two fields claim the same value.
 */
export function secretData(
  values: Readonly<Record<string, pulumi.Input<string>>>,
): pulumi.Output<Record<string, string>> {
  const encode = (plain: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  return pulumi.secret(pulumi.all(values).apply(encode));
}
