/**
 * Letters of the zones that an account of today gets, by region. Source: cfn-lint 1.51.0, AVAILABILITY_ZONES; without those that only
 * old accounts have (ap-northeast-1b, ca-central-1c) and by AWS's list "Availability Zones" for us-west-1, which has two.
 */
export const regions: Record<string, string | undefined> = {
  "af-south-1": "abc", "ap-east-1": "abc", "ap-east-2": "abc", "ap-northeast-1": "acd", "ap-northeast-2": "abcd", "ap-northeast-3": "abc",
  "ap-south-1": "abc", "ap-south-2": "abc", "ap-southeast-1": "abc", "ap-southeast-2": "abc", "ap-southeast-3": "abc", "ap-southeast-4": "abc",
  "ap-southeast-5": "abc", "ap-southeast-6": "abc", "ap-southeast-7": "abc", "ca-central-1": "abd", "ca-west-1": "abc", "eu-central-1": "abc",
  "eu-central-2": "abc", "eu-north-1": "abc", "eu-south-1": "abc", "eu-south-2": "abc", "eu-west-1": "abc", "eu-west-2": "abc", "eu-west-3": "abc",
  "il-central-1": "abc", "me-central-1": "abc", "me-south-1": "abc", "mx-central-1": "abc", "sa-east-1": "abc", "us-east-1": "abcdef",
  "us-east-2": "abc", "us-west-1": "ac", "us-west-2": "abcd",
};

/** Regions of their own partitions: policies, principals and addresses are others there. */
export const otherPartition = /^(us-gov|us-iso[a-z]?|cn|eu-isoe|eusc)-/;
