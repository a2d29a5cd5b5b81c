/**
 * Properties that the official plugin replaces a resource for, of the types that the stack declares. Source: `ForceNew` in
 * terraform-provider-aws, which that plugin is made of; userData by the stack's own userDataReplaceOnChange.
 */
export const replacing: Record<string, string[]> = {
  "aws:ec2/instance:Instance": ["ami", "availabilityZone", "subnetId", "privateIp", "associatePublicIpAddress", "keyName", "userData"],
  "aws:ebs/volume:Volume": ["availabilityZone", "encrypted", "kmsKeyId", "snapshotId"],
  "aws:ec2/volumeAttachment:VolumeAttachment": ["deviceName", "instanceId", "volumeId"],
  "aws:ec2/vpc:Vpc": ["cidrBlock"],
  "aws:ec2/subnet:Subnet": ["availabilityZone", "cidrBlock", "vpcId"],
  "aws:ec2/subnetCidrReservation:SubnetCidrReservation": ["cidrBlock", "reservationType", "subnetId", "description"],
  "aws:ec2/natGateway:NatGateway": ["subnetId", "allocationId"],
  "aws:ec2/vpcEndpoint:VpcEndpoint": ["serviceName", "vpcEndpointType", "vpcId"],
  "aws:ec2/securityGroup:SecurityGroup": ["name", "description", "vpcId"],
  "aws:ec2/securityGroupRule:SecurityGroupRule": ["type", "protocol", "fromPort", "toPort", "securityGroupId", "sourceSecurityGroupId", "cidrBlocks", "prefixListIds"],
  "aws:lb/loadBalancer:LoadBalancer": ["name", "internal", "loadBalancerType"],
  "aws:lb/targetGroup:TargetGroup": ["name", "port", "protocol", "targetType", "vpcId"],
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": ["targetGroupArn", "targetId", "port"],
  "aws:route53/zone:Zone": ["name"],
  "aws:route53/record:Record": ["name", "type", "zoneId"],
  "aws:s3/bucket:Bucket": ["bucket", "bucketPrefix"],
  "aws:s3/bucketObjectv2:BucketObjectv2": ["bucket", "key"],
  "aws:ssm/parameter:Parameter": ["name"],
  "aws:kms/alias:Alias": ["name"],
};
