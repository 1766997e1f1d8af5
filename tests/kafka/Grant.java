import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Lets users do something: the first argument is the bootstrap servers, each further one
 * "user OPERATION RESOURCE_TYPE name PATTERN_TYPE" in Kafka's own words.
 */
public class Grant {
    public static void main(String[] arguments) throws Exception {
        List<AclBinding> bindings = new ArrayList<>();
        for (int index = 1; index < arguments.length; index++) {
            String[] words = arguments[index].split(" ");
            ResourcePattern resource =
                    new ResourcePattern(ResourceType.valueOf(words[2]), words[3], PatternType.valueOf(words[4]));
            AccessControlEntry entry = new AccessControlEntry(
                    "User:" + words[0], "*", AclOperation.valueOf(words[1]), AclPermissionType.ALLOW);
            bindings.add(new AclBinding(resource, entry));
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            admin.createAcls(bindings).all().get();
        }
    }
}
