/** An identity of nobody's, its recipient as `age-keygen -y` prints it, and a file that age 1.1.1 wrote for it. */
export const IDENTITY = "AGE-SECRET-KEY-1TL7ARLHW7GYY6GY7XVVU3P8E35WPK2P0KH76Y0L4H2NKWMS67P4QVC2V8S";
export const RECIPIENT = "age1xh0vvwkcv3rxg0d4sc86cxfd0s3ja3r52688xpwddagll5d6wgps2g2m2e";
export const CLEAR = "what etcd held";
export const SEALED = Buffer.from(
  "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBmby8vSXE5ckh6Wkp4MFFVN1hGTHEwRjR1K08rc0VTZ2ZJWU82QVhLTGdnCjNXMXBOQ2lSUFpSNWJsSHB5TWdkTWRudmp0d0JHZlVKK2g1QVVIM29ZeGcKLS0tIEpQaktKbVJ1RWVxaGY3R0FhMnVGRmVkMVJWMjE4allJblRLZis0cFVCUE0K4iqE3JC9ERcCD5dkfVkvtgjmML6MWoCMR6S09s0MKXralDQKjQbN/IhDSHHkGg==",
  "base64",
);
